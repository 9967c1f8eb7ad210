// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"

#include "vmedia/nbd/wire.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

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

tl::unexpected<vmedia::Error> failSocket(int error, const char* what)
{
    if (error == EAGAIN)
    {
        return fail(Errc::timeout, fmt::format("the server did not {} for {} s",
                                               what, silenceSeconds));
    }
    if (error == EINTR)
    {
        return fail(Errc::cancelled, "stopped by a signal");
    }
    return failErrno(error, "the server's socket");
}

} // namespace

std::string_view nameOf(Transport transport)
{
    return transport == Transport::tcp ? "tcp" : "unix";
}

std::string Endpoint::uri() const
{
    return transport == Transport::tcp
               ? fmt::format("nbd://127.0.0.1:{}/{}", port, exportName)
               : fmt::format("nbd+unix:///{}?socket={}", exportName, path);
}

Descriptor::~Descriptor()
{
    if (value >= 0)
    {
        ::close(value);
    }
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

Result<Connection> Connection::open(const Endpoint& endpoint)
{
    Result<Descriptor> made = makeSocket(endpoint);
    if (!made)
    {
        return tl::unexpected(made.error());
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
    return Connection(std::move(*made));
}

Result<size_t> Connection::receive(std::span<std::byte> into) const
{
    const ssize_t n = ::recv(descriptor(), into.data(), into.size(), 0);
    if (n < 0)
    {
        return failSocket(errno, "answer");
    }
    if (n == 0)
    {
        return fail(Errc::closedByPeer, "the server closed the connection");
    }
    return static_cast<size_t>(n);
}

Result<void> Connection::receiveAll(std::span<std::byte> into) const
{
    while (!into.empty())
    {
        const Result<size_t> n = receive(into);
        if (!n)
        {
            return tl::unexpected(n.error());
        }
        into = into.subspan(*n);
    }
    return {};
}

Result<void> sendAll(int socket, std::span<iovec> parts)
{
    while (!parts.empty())
    {
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = parts.size();
        const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
        if (sent < 0)
        {
            return failSocket(errno, "read");
        }
        auto left = static_cast<size_t>(sent);
        while (!parts.empty() && left >= parts.front().iov_len)
        {
            left -= parts.front().iov_len;
            parts = parts.subspan(1);
        }
        if (!parts.empty())
        {
            parts.front().iov_base =
                static_cast<std::byte*>(parts.front().iov_base) + left;
            parts.front().iov_len -= left;
        }
    }
    return {};
}

Result<void> Connection::send(std::span<iovec> parts) const
{
    return sendAll(descriptor(), parts);
}

Result<void> Connection::send(std::span<const std::byte> bytes) const
{
    // NOLINTNEXTLINE: sendmsg() does not write to it
    iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
    return send(std::span(&part, 1));
}

Result<void> Connection::readGreeting()
{
    std::array<std::byte, Greeting::wireSize> bytes{};
    if (Result<void> got = receiveAll(bytes); !got)
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

Result<uint64_t> Connection::go(std::string_view exportName)
{
    Bytes out;
    append(out, uint32_t{handshakeFlags} & 3); // the same two bits, both ways
    const auto data = encodeInfoRequest(exportName, {});
    append(out, ByteView(encode(OptionHeader{
                    Opt::go, static_cast<uint32_t>(data.size())})));
    append(out, ByteView(data));
    if (Result<void> sent = send(out); !sent)
    {
        return tl::unexpected(sent.error());
    }
    uint64_t size = 0;
    while (true)
    {
        std::array<std::byte, OptionReplyHeader::wireSize> bytes{};
        if (Result<void> got = receiveAll(bytes); !got)
        {
            return tl::unexpected(got.error());
        }
        const auto header = decodeOptionReplyHeader(bytes);
        if (!header || header->length > 8192) // 4096 of text, and some
        {
            return fail(Errc::protocol,
                        "NBD_OPT_GO: no reply of this protocol");
        }
        Bytes answer(header->length);
        if (Result<void> got = receiveAll(answer); !got)
        {
            return tl::unexpected(got.error());
        }
        if (header->type == Rep::ack)
        {
            return size;
        }
        if (header->type != Rep::info)
        {
            return fail(Errc::refused,
                        fmt::format("NBD_OPT_GO '{}': the server answered {}",
                                    exportName, nameOf(header->type)));
        }
        if (const auto info = decodeInfoExport(answer))
        {
            size = info->size;
        }
    }
}

} // namespace bench
