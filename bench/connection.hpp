// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "channel.hpp"
#include "tls_keys.hpp"
#include "vmedia/nbd/wire.hpp"

#include <sys/socket.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bench
{

/// What carries the bytes.
enum class Transport : uint8_t
{
    unixSocket,
    tcp,
};

std::string_view nameOf(Transport transport);

/// How a report's servers are reached; with @c tls, which is borrowed, every
/// one requires it.
struct Wire
{
    Transport transport = Transport::unixSocket;
    const TlsKeys* tls = nullptr;
};

/// "unix sockets", "tcp sockets with TLS (PSK)"
std::string describe(const Wire& wire);

/// Where a server listens: on the loopback address if it is TCP.
struct Endpoint
{
    Transport transport = Transport::unixSocket;
    std::string path{};
    uint16_t port = 0;
    std::string exportName{};
    const TlsKeys* tls = nullptr; ///< borrowed; null: in the clear

    std::string uri() const;
};

/// A client's side of one NBD connection, blocking.
///
/// Errors: a server that says nothing for 10 s is a timeout, not a hang.
/// Source: proto.md, "Fixed newstyle negotiation": GO and nothing else, so
///         that every server answers with simple replies.
class Connection
{
  public:
    /// Connects; nothing is read yet. Errc::io while nobody listens.
    static vmedia::Result<Connection> open(const Endpoint& endpoint);

    /// The greeting, which the server sends of itself.
    vmedia::Result<void> readGreeting();

    /// Flags, and NBD_OPT_STARTTLS with its handshake where the endpoint has
    /// keys, then NBD_OPT_GO; gives the size of the export.
    vmedia::Result<uint64_t> go(const Endpoint& endpoint);

    Channel& bytes()
    {
        return channel;
    }

  private:
    explicit Connection(Descriptor descriptor) : channel(std::move(descriptor))
    {}

    struct OptionReply
    {
        vmedia::nbd::Rep type;
        vmedia::nbd::Bytes data;
    };

    vmedia::Result<void> sendOption(vmedia::nbd::Opt option,
                                    std::span<const std::byte> data);
    vmedia::Result<OptionReply> readReply(vmedia::nbd::Opt option);
    vmedia::Result<void> startTls(const TlsKeys& keys);

    Channel channel;
    uint16_t handshakeFlags = 0;
};

/// A socket of @p endpoint's kind with large buffers, unconnected.
vmedia::Result<Descriptor> makeSocket(const Endpoint& endpoint);

/// A connected socket; it waits 10 s for its peer, and then fails with EAGAIN.
vmedia::Result<Descriptor> connectTo(const Endpoint& endpoint);

/// A TCP port that was free a moment ago: not every peer can choose one and
/// tell.
vmedia::Result<uint16_t> freePort();

/// Calls @p use with the address of @p endpoint.
int withAddress(const Endpoint& endpoint, int descriptor,
                int (*use)(int, const sockaddr*, socklen_t));

} // namespace bench
