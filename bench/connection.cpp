// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"

#include "vmedia/nbd/wire.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include <array>
#include <cstring>

namespace bench
{

using vmedia::Errc;
using vmedia::fail;
using vmedia::failErrno;
using vmedia::Result;
using namespace vmedia::nbd;

namespace
{

constexpr int bufferBytes = 4 << 20; // asked for; the kernel may cap it
constexpr int silenceSeconds = 10;
constexpr uint32_t replyMax = 8192;  // 4096 of text, and some

} // namespace

std::string_view nameOf(Transport transport)
{
    return transport == Transport::tcp ? "tcp" : "unix";
}

std::string describe(const Wire& wire)
{
    return fmt::format("{} sockets{}", nameOf(wire.transport),
                       wire.tls == nullptr ? "" : " with TLS (PSK)");
}

// Source: uri.md of the NBD project; tls-psk-file is of libnbd(3)
std::string Endpoint::uri() const
{
    const bool tcp = transport == Transport::tcp;
    const std::string authority =
        fmt::format("{}{}", tls == nullptr ? "" : fmt::format("{}@", tls->user),
                    tcp ? fmt::format("127.0.0.1:{}", port) : "");
    std::string query = tcp ? "" : "?socket=" + path;
    if (tls != nullptr)
    {
        query += fmt::format("{}tls-psk-file={}", tcp ? '?' : '&',
                             tls->file().string());
    }
    return fmt::format("nbd{}{}://{}/{}{}", tls == nullptr ? "" : "s",
                       tcp ? "" : "+unix", authority, exportName, query);
}

Result<Descriptor> makeSocket(const Endpoint& endpoint)
{
    const bool tcp = endpoint.transport == Transport::tcp;
    Descriptor made(
        ::socket(tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (made.get() < 0)
    {
        return failErrno(errno, "socket");
    }
    const int one = 1;
    // Best effort, all three: without them it is slower, not wrong.
    ::setsockopt(made.get(), SOL_SOCKET, SO_SNDBUF, &bufferBytes, sizeof(int));
    ::setsockopt(made.get(), SOL_SOCKET, SO_RCVBUF, &bufferBytes, sizeof(int));
    if (tcp)
    {
        ::setsockopt(made.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        ::setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    }
    return made;
}

Result<uint16_t> freePort()
{
    Endpoint any{.transport = Transport::tcp};
    const Result<Descriptor> probe = makeSocket(any);
    if (!probe)
    {
        return tl::unexpected(probe.error());
    }
    sockaddr_in address{};
    socklen_t size = sizeof(address);
    if (withAddress(any, probe->get(), ::bind) != 0 ||
        // NOLINTNEXTLINE: the sockets API
        ::getsockname(probe->get(), reinterpret_cast<sockaddr*>(&address),
                      &size) != 0)
    {
        return failErrno(errno, "127.0.0.1");
    }
    return ntohs(address.sin_port);
}

int withAddress(const Endpoint& endpoint, int descriptor,
                int (*use)(int, const sockaddr*, socklen_t))
{
    if (endpoint.transport == Transport::tcp)
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(endpoint.port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        // NOLINTNEXTLINE: the sockets API
        return use(descriptor, reinterpret_cast<sockaddr*>(&address),
                   sizeof(address));
    }
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    endpoint.path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    // NOLINTNEXTLINE: the sockets API
    return use(descriptor, reinterpret_cast<sockaddr*>(&address),
               sizeof(address));
}

Result<Descriptor> connectTo(const Endpoint& endpoint)
{
    Result<Descriptor> made = makeSocket(endpoint);
    if (!made)
    {
        return made;
    }
    const timeval silence{silenceSeconds, 0};
    ::setsockopt(made->get(), SOL_SOCKET, SO_RCVTIMEO, &silence,
                 sizeof(silence));
    ::setsockopt(made->get(), SOL_SOCKET, SO_SNDTIMEO, &silence,
                 sizeof(silence));
    if (withAddress(endpoint, made->get(), ::connect) != 0)
    {
        return failErrno(errno, endpoint.uri());
    }
    return made;
}

Result<Connection> Connection::open(const Endpoint& endpoint)
{
    return connectTo(endpoint).map([](Descriptor&& connected) {
        return Connection(std::move(connected));
    });
}

Result<void> Connection::readGreeting()
{
    std::array<std::byte, Greeting::wireSize> bytes{};
    if (Result<void> got = channel.receiveAll(bytes); !got)
    {
        return got;
    }
    const auto greeting = decodeGreeting(bytes);
    if (!greeting || (greeting->handshakeFlags & fixedNewstyle) == 0)
    {
        return fail(Errc::protocol,
                    "the server's greeting is not fixed newstyle");
    }
    handshakeFlags = greeting->handshakeFlags;
    return {};
}

Result<void> Connection::sendOption(Opt option, ByteView data)
{
    Bytes out;
    append(out, ByteView(encode(
                    OptionHeader{option, static_cast<uint32_t>(data.size())})));
    append(out, data);
    return channel.send(out);
}

Result<Connection::OptionReply> Connection::readReply(Opt option)
{
    std::array<std::byte, OptionReplyHeader::wireSize> bytes{};
    if (Result<void> got = channel.receiveAll(bytes); !got)
    {
        return during(nameOf(option), got.error());
    }
    const auto header = decodeOptionReplyHeader(bytes);
    if (!header || header->length > replyMax)
    {
        return fail(Errc::protocol, fmt::format("{}: no reply of this protocol",
                                                nameOf(option)));
    }
    OptionReply reply{header->type, Bytes(header->length)};
    if (Result<void> got = channel.receiveAll(reply.data); !got)
    {
        return during(nameOf(option), got.error());
    }
    return reply;
}

Result<void> Connection::startTls(const TlsKeys& keys)
{
    if (Result<void> sent = sendOption(Opt::startTls, {}); !sent)
    {
        return sent;
    }
    const Result<OptionReply> reply = readReply(Opt::startTls);
    if (!reply)
    {
        return tl::unexpected(reply.error());
    }
    if (reply->type != Rep::ack)
    {
        return fail(Errc::refused,
                    fmt::format("{}: the server answered {}",
                                nameOf(Opt::startTls), nameOf(reply->type)));
    }
    return channel.connectTls(keys.client());
}

Result<uint64_t> Connection::go(const Endpoint& endpoint)
{
    Bytes flags;
    append(flags, uint32_t{handshakeFlags} & 3); // the same two bits, both ways
    Result<void> done = channel.send(flags);
    if (done && endpoint.tls != nullptr)
    {
        done = startTls(*endpoint.tls);
    }
    if (done)
    {
        done = sendOption(Opt::go, encodeInfoRequest(endpoint.exportName, {}));
    }
    if (!done)
    {
        return tl::unexpected(done.error());
    }
    uint64_t size = 0;
    while (true)
    {
        const Result<OptionReply> reply = readReply(Opt::go);
        if (!reply)
        {
            return tl::unexpected(reply.error());
        }
        if (reply->type == Rep::ack)
        {
            return size;
        }
        if (reply->type != Rep::info)
        {
            return fail(Errc::refused,
                        fmt::format("{} '{}': the server answered {}",
                                    nameOf(Opt::go), endpoint.exportName,
                                    nameOf(reply->type)));
        }
        if (const auto info = decodeInfoExport(reply->data))
        {
            size = info->size;
        }
    }
}

} // namespace bench
