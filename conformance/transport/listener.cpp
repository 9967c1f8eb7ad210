// SPDX-License-Identifier: Apache-2.0
#include "listener.hpp"

#include "patience.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace conformance
{

namespace
{

/// More than a case has clients.
constexpr int backlog = 64;

} // namespace

vmedia::Result<Listener> Listener::open()
{
    const int descriptor =
        ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(name);
    // NOLINTNEXTLINE: what the sockets interface asks for
    auto* generic = reinterpret_cast<sockaddr*>(&name);
    if (descriptor < 0 || ::bind(descriptor, generic, size) != 0 ||
        ::listen(descriptor, backlog) != 0 ||
        ::getsockname(descriptor, generic, &size) != 0)
    {
        const int reason = errno;
        ::close(descriptor);
        return vmedia::failErrno(reason, "cannot listen on 127.0.0.1");
    }
    return Listener(descriptor, ntohs(name.sin_port));
}

Listener::~Listener()
{
    if (descriptor >= 0)
    {
        ::close(descriptor);
    }
}

std::optional<Connection> Listener::accept(std::chrono::milliseconds deadline,
                                           std::shared_ptr<WireLog> log,
                                           int abandoned) const
{
    Patience patience(deadline);
    for (;;)
    {
        sockaddr_in from{};
        socklen_t size = sizeof(from);
        const int socket =
            ::accept4(descriptor,
                      // NOLINTNEXTLINE: what the sockets interface asks for
                      reinterpret_cast<sockaddr*>(&from), &size,
                      SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (socket >= 0)
        {
            const int on = 1;
            ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
            return Connection::adopt(
                socket, fmt::format("port {}", ntohs(from.sin_port)),
                std::move(log));
        }
        std::array<pollfd, 2> both{pollfd{descriptor, POLLIN, 0},
                                   pollfd{abandoned, POLLIN, 0}};
        if ((errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) ||
            !patience.wait(both) ||
            ((both[0].revents & POLLIN) == 0 && both[1].revents != 0))
        {
            return std::nullopt;
        }
    }
}

} // namespace conformance
