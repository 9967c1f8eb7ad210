// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"

#include "conformance/transport/patience.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <thread>

namespace conformance
{

namespace
{

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// 0, or the errno of a connect() that did not succeed in time. Blocking, for
/// a unix socket with a full backlog cannot be polled.
int connectWithin(int descriptor, const sockaddr* address, socklen_t size,
                  milliseconds deadline)
{
    const timeval limit{deadline.count() / 1000,
                        deadline.count() % 1000 * 1000};
    ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (::connect(descriptor, address, size) != 0)
    {
        return errno == EAGAIN || errno == EINPROGRESS ? ETIMEDOUT : errno;
    }
    ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
    return 0;
}

vmedia::Result<int> openUnix(const Address& address, milliseconds deadline)
{
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (address.socket.size() >= sizeof(name.sun_path))
    {
        return vmedia::fail(
            vmedia::Errc::usage,
            fmt::format("socket path '{}' is {} bytes long and the system "
                        "takes {}",
                        address.socket, address.socket.size(),
                        sizeof(name.sun_path) - 1));
    }
    address.socket.copy(name.sun_path, sizeof(name.sun_path) - 1);
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int error = connectWithin(
        // NOLINTNEXTLINE: what the sockets interface asks for
        descriptor, reinterpret_cast<const sockaddr*>(&name), sizeof(name),
        deadline);
    if (error != 0)
    {
        ::close(descriptor);
        return vmedia::failErrno(error, describe(address));
    }
    return descriptor;
}

/// Before connect(): what the two sides tell each other then is the most that
/// either sends.
void makeNarrow(int descriptor)
{
    const int window = 8 << 10;
    const int segment = 536; // RFC 9293, 3.7.1: the default for IPv4
    ::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window));
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_MAXSEG, &segment,
                 sizeof(segment));
}

vmedia::Result<int> openTcp(const Address& address, milliseconds deadline,
                            Connection::Width width)
{
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* first = nullptr;
    const int unresolved = ::getaddrinfo(address.host.c_str(),
                                         std::to_string(address.port).c_str(),
                                         &hints, &first);
    if (unresolved != 0)
    {
        return vmedia::fail(vmedia::Errc::io,
                            fmt::format("{}: {}", describe(address),
                                        ::gai_strerror(unresolved)));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(
        first, &::freeaddrinfo);
    int error = 0;
    for (const addrinfo* one = first; one != nullptr; one = one->ai_next)
    {
        const int descriptor = ::socket(one->ai_family,
                                        SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (width == Connection::Width::narrow)
        {
            makeNarrow(descriptor);
        }
        error = connectWithin(descriptor, one->ai_addr, one->ai_addrlen,
                              deadline);
        if (error == 0)
        {
            const int on = 1; // "client and server SHOULD disable Nagle's
                              // algorithm" ("Protocol phases")
            ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
            return descriptor;
        }
        ::close(descriptor);
    }
    return vmedia::failErrno(error, describe(address));
}

} // namespace

vmedia::Result<Connection> Connection::open(const Address& address,
                                            milliseconds deadline,
                                            std::shared_ptr<WireLog> log,
                                            Width width)
{
    const vmedia::Result<int> socket = address.socket.empty()
                                           ? openTcp(address, deadline, width)
                                           : openUnix(address, deadline);
    if (!socket)
    {
        log->refused(socket.error().what);
        return tl::unexpected(socket.error());
    }
    return adopt(*socket, describe(address), std::move(log));
}

Connection Connection::adopt(int socket, std::string where,
                             std::shared_ptr<WireLog> log)
{
    const uint32_t number = log->connected(std::move(where));
    return {socket, std::move(log), number};
}

Connection::~Connection()
{
    if (descriptor >= 0)
    {
        ::close(descriptor);
        logEvent(drops ? WireKind::resetByUs : WireKind::closed, {});
    }
}

/// Each further call would find it again.
void Connection::gone(WireKind how, std::string text)
{
    if (!std::exchange(endSeen, true))
    {
        logEvent(how, std::move(text));
    }
}

Ended Connection::send(vmedia::nbd::ByteView bytes, milliseconds deadline,
                       Logged logged)
{
    Patience patience(deadline);
    while (!bytes.empty())
    {
        const ssize_t count = ::send(descriptor, bytes.data(), bytes.size(),
                                     MSG_NOSIGNAL);
        if (count >= 0)
        {
            const auto taken = bytes.first(static_cast<size_t>(count));
            if (logged == Logged::yes)
            {
                log->sent(name, taken, secured);
            }
            bytes = bytes.subspan(taken.size());
            patience.progressed();
        }
        else if (errno != EAGAIN && errno != EINTR)
        {
            gone(WireKind::resetByPeer,
                 fmt::format("{} while we sent", std::strerror(errno)));
            return Ended::closed;
        }
        else if (!patience.wait(descriptor, POLLOUT))
        {
            logEvent(WireKind::silence,
                     fmt::format("the target read nothing for {} ms",
                                 deadline.count()));
            return Ended::timeout;
        }
    }
    return Ended::no;
}

Ended Connection::exchange(vmedia::nbd::ByteView bytes,
                           vmedia::nbd::Bytes& arrived, milliseconds deadline,
                           Logged logged)
{
    constexpr size_t arrivedMax = 256U << 20; // then it has to be read first
    constexpr size_t chunk = 64U << 10;
    Patience patience(deadline);
    bool ended = false;
    while (!bytes.empty())
    {
        const ssize_t count = ::send(descriptor, bytes.data(), bytes.size(),
                                     MSG_NOSIGNAL);
        if (count >= 0)
        {
            const auto taken = bytes.first(static_cast<size_t>(count));
            if (logged == Logged::yes)
            {
                log->sent(name, taken, secured);
            }
            bytes = bytes.subspan(taken.size());
            patience.progressed();
            continue;
        }
        if (errno != EAGAIN && errno != EINTR)
        {
            gone(WireKind::resetByPeer,
                 fmt::format("{} while we sent", std::strerror(errno)));
            return Ended::closed;
        }
        const bool hears = !ended && arrived.size() < arrivedMax;
        if (!patience.wait(descriptor, hears ? POLLOUT | POLLIN : POLLOUT))
        {
            logEvent(WireKind::silence,
                     fmt::format("the target read nothing for {} ms",
                                 deadline.count()));
            return Ended::timeout;
        }
        if (hears)
        {
            const size_t before = arrived.size();
            arrived.resize(before + chunk);
            const ssize_t came = ::recv(descriptor, arrived.data() + before,
                                        chunk, MSG_DONTWAIT);
            ended = came == 0; // receive() will find it again
            arrived.resize(before +
                           static_cast<size_t>(std::max<ssize_t>(came, 0)));
            if (came > 0 && logged == Logged::yes)
            {
                log->received(name,
                              vmedia::nbd::ByteView(arrived).subspan(before),
                              secured);
            }
        }
    }
    return Ended::no;
}

size_t Connection::sendUntilStuck(vmedia::nbd::ByteView bytes,
                                  milliseconds patience)
{
    size_t sent = 0;
    while (sent < bytes.size())
    {
        const ssize_t count = ::send(descriptor, bytes.data() + sent,
                                     bytes.size() - sent, MSG_NOSIGNAL);
        if (count >= 0)
        {
            sent += static_cast<size_t>(count);
        }
        else if ((errno != EAGAIN && errno != EINTR) ||
                 !Patience(patience).wait(descriptor, POLLOUT))
        {
            break; // what became of it shows in the receive() that follows
        }
    }
    log->sent(name, bytes.first(sent), secured);
    return sent;
}

Received Connection::receive(size_t size, milliseconds deadline)
{
    return receive(size, size, deadline, Logged::yes);
}

Received Connection::receiveSome(size_t size, milliseconds deadline,
                                 Logged logged)
{
    return receive(1, size, deadline, logged);
}

Received Connection::receive(size_t enough, size_t size, milliseconds deadline,
                             Logged logged)
{
    Patience patience(deadline);
    Received received;
    received.bytes.resize(size);
    size_t have = 0;
    while (have < enough && received.ended == Ended::no)
    {
        const ssize_t count = ::recv(descriptor, received.bytes.data() + have,
                                     size - have, 0);
        if (count > 0)
        {
            if (logged == Logged::yes)
            {
                log->received(name,
                              std::span(received.bytes)
                                  .subspan(have, static_cast<size_t>(count)),
                              secured);
            }
            have += static_cast<size_t>(count);
            patience.progressed();
        }
        else if (count == 0)
        {
            gone(WireKind::endReceived, {});
            received.ended = Ended::closed;
        }
        else if (errno != EAGAIN && errno != EINTR)
        {
            gone(WireKind::resetByPeer, std::strerror(errno));
            received.ended = Ended::closed;
        }
        else if (!patience.wait(descriptor, POLLIN))
        {
            logEvent(WireKind::silence,
                     fmt::format("within {} ms", deadline.count()));
            received.ended = Ended::timeout;
        }
    }
    received.bytes.resize(have);
    return received;
}

bool Connection::drain(milliseconds deadline) const
{
    const auto until = Clock::now() + deadline;
    int queued = 0;
    // No event tells of this, and it takes microseconds.
    while (::ioctl(descriptor, SIOCOUTQ, &queued) == 0 && queued > 0 &&
           Clock::now() < until)
    {
        std::this_thread::yield();
    }
    return queued == 0;
}

void Connection::leaveUnread(milliseconds time) const
{
    // An end that comes behind data shows as POLLRDHUP at once.
    pollfd entry{descriptor, POLLRDHUP, 0};
    ::poll(&entry, 1, static_cast<int>(time.count()));
}

void Connection::endSending() const
{
    ::shutdown(descriptor, SHUT_WR);
    logEvent(WireKind::endSent, {});
}

void Connection::dropOnClose()
{
    drops = true;
    const linger none{1, 0};
    ::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

} // namespace conformance
