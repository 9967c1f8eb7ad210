// SPDX-License-Identifier: Apache-2.0
#include "relay_server.hpp"

#include "connection.hpp"
#include "peer.hpp"
#include "server_cost.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace bench
{

using vmedia::Errc;
using vmedia::fail;
using vmedia::failErrno;
using vmedia::Result;

namespace
{

constexpr size_t answerMax = 8192;

// The nonce of RFC 6455, section 1.3, and what it says of it.
constexpr auto key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr auto accepts = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

Result<std::string> readAnswer(Channel& channel)
{
    std::string text;
    while (!text.ends_with("\r\n\r\n"))
    {
        std::byte one{};
        Result<void> got = channel.receiveAll(std::span(&one, 1));
        if (!got)
        {
            return during("the answer to the upgrade", got.error());
        }
        text += static_cast<char>(one);
        if (text.size() > answerMax)
        {
            return fail(Errc::protocol, "the answer to the upgrade has no end");
        }
    }
    return text;
}

/// The descriptors that runHandOver() sends.
Result<std::array<int, 2>> takeBoth(int from)
{
    std::array<int, 2> both{-1, -1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(both))> control{};
    char byte = 0;
    iovec part{&byte, 1};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(from, &message, MSG_CMSG_CLOEXEC);
    const cmsghdr* const header = size == 1 ? CMSG_FIRSTHDR(&message) : nullptr;
    if (header == nullptr || header->cmsg_type != SCM_RIGHTS ||
        header->cmsg_len != CMSG_LEN(sizeof(both)))
    {
        return failErrno(size < 0 ? errno : EPROTO, "taking descriptors over");
    }
    std::memcpy(both.data(), CMSG_DATA(header), sizeof(both));
    return both;
}

void neverBlock(int descriptor)
{
    ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

} // namespace

Result<std::unique_ptr<RelayServer>> RelayServer::start(const RelayPeer& peer,
                                                        const RelayKeys& keys,
                                                        bool tls,
                                                        const Cores& cores)
{
    const Result<std::string> program = programOf(peer.program, peer.package);
    const Result<std::string> self = programOf("vmedia-bench", "");
    const Result<uint16_t> port = freePort();
    if (!program || !self || !port)
    {
        return tl::unexpected(!program ? program.error()
                              : !self  ? self.error()
                                       : port.error());
    }
    std::unique_ptr<RelayServer> server(new RelayServer);
    if (Result<void> listens = server->listen(); !listens)
    {
        return tl::unexpected(listens.error());
    }
    const auto& directory = server->process.directory();
    Result<std::vector<std::string>> arguments =
        peer.arguments({directory, directory / "s", *port, keys, tls, *self});
    if (!arguments)
    {
        return tl::unexpected(arguments.error());
    }
    arguments->insert(arguments->begin(), *program);
    Result<void> done = pinTo(cores.relay);
    if (done)
    {
        done = server->process.start(*arguments, {});
    }
    if (Result<void> back = pinTo(cores.load); done)
    {
        done = back;
    }
    const auto connects = [&server, &port]() -> Result<void> {
        return connectTo({.transport = Transport::tcp, .port = *port})
            .map([&server](Descriptor&& connected) {
            server->client.emplace(std::move(connected));
        });
    };
    if (done)
    {
        done = server->process.awaitAnswer(connects, "connection");
    }
    if (done)
    {
        forgetPeaks(server->process.pid());
        server->idleBytes = ownBytesOf(server->process.pid(), -1);
        done = tls ? server->client->connectTls(keys.client()) : Result<void>{};
    }
    if (done && peer.serves)
    {
        done = server->upgrade(peer, *port);
    }
    if (done)
    {
        done = server->acceptTarget(peer.handsOver);
    }
    if (!done)
    {
        return during(peer.name, done.error());
    }
    return server;
}

Result<void> RelayServer::listen()
{
    const Endpoint endpoint{.path = process.directory() / "s"};
    Result<Descriptor> made = makeSocket(endpoint);
    if (!made)
    {
        return tl::unexpected(made.error());
    }
    listener = std::move(*made);
    const timeval silence{10, 0}; // accept() is for it, too
    if (::setsockopt(listener.get(), SOL_SOCKET, SO_RCVTIMEO, &silence,
                     sizeof(silence)) != 0 ||
        withAddress(endpoint, listener.get(), ::bind) != 0 ||
        ::listen(listener.get(), 1) != 0)
    {
        return failErrno(errno, endpoint.path);
    }
    return {};
}

Result<void> RelayServer::upgrade(const RelayPeer& peer, uint16_t port)
{
    const std::string request = fmt::format(
        "GET {} HTTP/1.1\r\nHost: localhost:{}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: {}\r\n"
        "Sec-WebSocket-Version: 13\r\nAuthorization: {}\r\n\r\n",
        peer.target, port, key, RelayKeys::authorization);
    if (Result<void> sent = client->send(std::as_bytes(std::span(request)));
        !sent)
    {
        return sent;
    }
    const Result<std::string> answer = readAnswer(*client);
    if (!answer)
    {
        return tl::unexpected(answer.error());
    }
    if (!answer->starts_with("HTTP/1.1 101 ") ||
        answer->find(accepts) == std::string::npos)
    {
        return fail(Errc::refused,
                    fmt::format("it answered the upgrade with '{}'",
                                answer->substr(0, answer->find('\r'))));
    }
    return {};
}

Result<void> RelayServer::acceptTarget(bool handsOver)
{
    Descriptor accepted(
        ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (accepted.get() < 0)
    {
        return failErrno(errno, "no connection to the unix socket",
                         process.lastWords());
    }
    if (handsOver)
    {
        ucred who{};
        socklen_t size = sizeof(who);
        ::getsockopt(accepted.get(), SOL_SOCKET, SO_PEERCRED, &who, &size);
        helperPid = who.pid;
        const Result<std::array<int, 2>> both = takeBoth(accepted.get());
        if (!both)
        {
            return tl::unexpected(both.error());
        }
        in = Descriptor((*both)[0]);
        out = Descriptor((*both)[1]);
        helper = std::move(accepted);
    }
    else
    {
        in = std::move(accepted);
        out = Descriptor(::fcntl(in.get(), F_DUPFD_CLOEXEC, 0));
    }
    neverBlock(in.get());
    neverBlock(out.get());
    return {};
}

double RelayServer::cpuSeconds() const
{
    return cpuSecondsOf(process.pid());
}

uint64_t RelayServer::sessionBytes() const
{
    const uint64_t now = ownBytesOf(process.pid(), helperPid);
    return now > idleBytes ? now - idleBytes : 0;
}

} // namespace bench
