// SPDX-License-Identifier: Apache-2.0
#include "bare_relay.hpp"

#include "connection.hpp"

#include <poll.h>

#include <cerrno>
#include <optional>
#include <vector>

namespace bench
{

using vmedia::Result;
namespace tls = vmedia::tls;

namespace
{

constexpr size_t bufferBytes = 128UL << 10;

bool hasInput(const pollfd& one)
{
    return (one.revents & (POLLIN | POLLHUP | POLLERR)) != 0;
}

/// What one receive brings from @p from goes to @p to; false at the end.
bool copyOnce(Channel& from, Channel& to, std::span<std::byte> buffer)
{
    const Result<size_t> size = from.receive(buffer);
    return size && to.send(buffer.first(*size));
}

void serve(Channel client, Channel target, std::span<std::byte> buffer)
{
    pollfd ready[] = {{client.descriptor(), POLLIN, 0},
                      {target.descriptor(), POLLIN, 0}};
    bool more = true;
    while (more)
    {
        if (!client.hasBuffered() && ::poll(ready, 2, -1) < 0)
        {
            return;
        }
        if (client.hasBuffered() || hasInput(ready[0]))
        {
            more = copyOnce(client, target, buffer);
        }
        if (more && hasInput(ready[1]))
        {
            more = copyOnce(target, client, buffer);
        }
        ready[0].revents = ready[1].revents = 0;
    }
}

} // namespace

Result<void> runBareRelay(const BareRelayOptions& options)
{
    std::optional<tls::Context> context;
    if (!options.certificates.empty())
    {
        Result<tls::Context> made =
            tls::serverContext({.certificates = options.certificates});
        if (!made)
        {
            return tl::unexpected(made.error());
        }
        context = std::move(*made);
    }
    const Endpoint endpoint{.transport = Transport::tcp, .port = options.port};
    const Result<Descriptor> listener = makeSocket(endpoint);
    if (!listener)
    {
        return tl::unexpected(listener.error());
    }
    if (withAddress(endpoint, listener->get(), ::bind) != 0 ||
        ::listen(listener->get(), SOMAXCONN) != 0)
    {
        return vmedia::failErrno(errno, endpoint.uri());
    }
    std::vector<std::byte> buffer(bufferBytes);
    while (true)
    {
        Channel client(Descriptor(
            ::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC)));
        if (context && !client.acceptTls(*context))
        {
            continue;
        }
        Result<Descriptor> target = connectTo({.path = options.unixSocket});
        if (target)
        {
            serve(std::move(client), Channel(std::move(*target)), buffer);
        }
    }
}

} // namespace bench
