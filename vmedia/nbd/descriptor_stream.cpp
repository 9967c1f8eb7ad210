// SPDX-License-Identifier: Apache-2.0
#include "descriptor_stream.hpp"

#include "vmedia/tls/sigpipe.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <climits>
#include <vector>

namespace vmedia::nbd
{
namespace asio = boost::asio;

namespace
{

Error errorOf(int errorNumber)
{
    return transferError({errorNumber, boost::system::system_category()});
}

tl::unexpected<Error> shorter()
{
    return fail(Errc::io, "the image became shorter while it was read");
}

/// A client that waits for each answer asks again within microseconds; to be
/// woken for that takes longer than to look for it.
constexpr std::chrono::microseconds spinTime{40};
constexpr unsigned patienceMax = 8; ///< times in vain before we sleep at once

/// Room for several replies of the kernel's longest request, so that a batch
/// leaves in one call. Beyond the system's limit only root may go.
void enlargeBuffers(int socket)
{
    const int bytes = 4 << 20;
    for (const auto& [forced, plain] : {std::pair{SO_SNDBUFFORCE, SO_SNDBUF},
                                        std::pair{SO_RCVBUFFORCE, SO_RCVBUF}})
    {
        if (::setsockopt(socket, SOL_SOCKET, forced, &bytes, sizeof bytes) != 0)
        {
            ::setsockopt(socket, SOL_SOCKET, plain, &bytes, sizeof bytes);
        }
    }
}

} // namespace

DescriptorStream::DescriptorStream(int connected,
                                   std::optional<tls::Context> context) :
    socket(connected), tlsContext(std::move(context))
{
    ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) & ~O_NONBLOCK);
    enlargeBuffers(socket);
    tls::blockSigpipe();
}

ssize_t DescriptorStream::spin(asio::mutable_buffer into)
{
    using Clock = std::chrono::steady_clock;
    if (patience == 0)
    {
        // Now and then it is worth asking whether the client has sped up.
        patience = ++slept % 64 == 0 ? 1 : 0;
        return -1;
    }
    const auto until = Clock::now() + spinTime;
    do
    {
        const ssize_t got = ::recv(socket, into.data(), into.size(),
                                   MSG_DONTWAIT);
        if (got >= 0)
        {
            patience = patienceMax;
            return got;
        }
        if (errno != EAGAIN)
        {
            break;
        }
        ::sched_yield(); // the client may want this very processor
    } while (Clock::now() < until);
    --patience;
    return -1;
}

bool DescriptorStream::waitFor(int descriptor)
{
    // POLLHUP comes unasked, once both directions are shut.
    pollfd both[] = {{socket, 0, 0}, {descriptor, POLLIN, 0}};
    while (::poll(both, 2, -1) < 0 && errno == EINTR)
    {}
    return both[1].revents != 0;
}

/// Waits until there is something to read here, or to be woken for.
bool DescriptorStream::isWoken() const
{
    if (session && session->hasBuffered())
    {
        return false;
    }
    pollfd both[] = {{socket, POLLIN, 0}, {waker, POLLIN, 0}};
    while (::poll(both, 2, -1) < 0 && errno == EINTR)
    {}
    return both[1].revents != 0;
}

asio::awaitable<Result<size_t>>
    DescriptorStream::readSome(asio::mutable_buffer into)
{
    if (waker >= 0 && isWoken())
    {
        co_return size_t{0};
    }
    if (session)
    {
        co_return session->read(
            {static_cast<std::byte*>(into.data()), into.size()});
    }
    while (true)
    {
        ssize_t got = spin(into);
        if (got < 0)
        {
            got = ::recv(socket, into.data(), into.size(), 0);
        }
        if (got > 0)
        {
            co_return static_cast<size_t>(got);
        }
        if (got == 0)
        {
            co_return tl::unexpected(transferError(asio::error::eof));
        }
        if (errno != EINTR)
        {
            co_return tl::unexpected(errorOf(errno));
        }
    }
}

asio::awaitable<Result<void>>
    DescriptorStream::write(std::span<const asio::const_buffer> buffers)
{
    if (session)
    {
        std::vector<std::span<const std::byte>> pieces;
        pieces.reserve(buffers.size());
        for (const asio::const_buffer& buffer : buffers)
        {
            pieces.emplace_back(static_cast<const std::byte*>(buffer.data()),
                                buffer.size());
        }
        co_return session->write(pieces);
    }
    co_return sendAll(buffers, 0);
}

void DescriptorStream::gather(std::span<const asio::const_buffer> buffers)
{
    parts.clear();
    for (const asio::const_buffer& buffer : buffers)
    {
        // NOLINTNEXTLINE: who sends it does not write to it
        parts.push_back({const_cast<void*>(buffer.data()), buffer.size()});
    }
}

/// Made when first needed; none if that cannot be.
PagePipe* DescriptorStream::pagePipe()
{
    if (!pagesTried)
    {
        pagesTried = true;
        pages = PagePipe::make();
    }
    return pages.get();
}

bool DescriptorStream::receivesUncopied()
{
    return !session && pagePipe() != nullptr;
}

asio::awaitable<Result<int>>
    DescriptorStream::receiveFile(int file, uint64_t offset, uint64_t length)
{
    const int error = pages->receive(socket, length);
    if (error != 0)
    {
        co_return tl::unexpected(errorOf(error));
    }
    co_return pages->store(file, offset);
}

asio::awaitable<Result<void>>
    DescriptorStream::writeLent(std::span<const asio::const_buffer> buffers)
{
    gather(buffers);
    if (!PagePipe::takes(parts) || pagePipe() == nullptr)
    {
        co_return sendAll(buffers, 0);
    }
    const int error = pages->send(socket, parts);
    if (error == EFAULT)
    {
        co_return shorter();
    }
    if (error != 0)
    {
        co_return tl::unexpected(errorOf(error));
    }
    co_return Result<void>{};
}

Result<void>
    DescriptorStream::sendAll(std::span<const asio::const_buffer> buffers,
                              int flags)
{
    gather(buffers);
    std::span rest(parts);
    while (!rest.empty())
    {
        msghdr message{};
        message.msg_iov = rest.data();
        message.msg_iovlen = std::min<size_t>(rest.size(), IOV_MAX);
        const bool more = message.msg_iovlen < rest.size();
        const ssize_t put = ::sendmsg(
            socket, &message, MSG_NOSIGNAL | flags | (more ? MSG_MORE : 0));
        if (put < 0 && errno == EFAULT)
        {
            return shorter();
        }
        if (put < 0 && errno != EINTR)
        {
            return tl::unexpected(errorOf(errno));
        }
        auto left = static_cast<size_t>(std::max<ssize_t>(0, put));
        while (!rest.empty() && left >= rest.front().iov_len)
        {
            left -= rest.front().iov_len;
            rest = rest.subspan(1);
        }
        if (left > 0)
        {
            rest.front().iov_base =
                static_cast<std::byte*>(rest.front().iov_base) + left;
            rest.front().iov_len -= left;
        }
    }
    return {};
}

bool DescriptorStream::sendsUncopied() const
{
    return !session;
}

asio::awaitable<Result<void>>
    DescriptorStream::sendFile(std::span<const asio::const_buffer> before,
                               int file, uint64_t offset, uint64_t length)
{
    Result<void> sent = sendAll(before, MSG_MORE);
    auto at = static_cast<off_t>(offset);
    while (sent && length > 0)
    {
        const ssize_t put = ::sendfile(socket, file, &at, length);
        if (put == 0)
        {
            sent = shorter();
        }
        else if (put > 0)
        {
            length -= static_cast<uint64_t>(put);
        }
        else if (errno != EINTR)
        {
            sent = tl::unexpected(errorOf(errno));
        }
    }
    co_return sent;
}

DescriptorStream::~DescriptorStream()
{
    if (session)
    {
        session->close();
    }
}

asio::awaitable<Result<void>> DescriptorStream::startTls()
{
    if (!tlsContext)
    {
        co_return fail(Errc::usage, "this server has no TLS credentials");
    }
    Result<tls::Session> made = tls::Session::accept(*tlsContext, socket);
    if (!made)
    {
        co_return tl::unexpected(made.error());
    }
    session.emplace(std::move(*made));
    co_return Result<void>{};
}

std::string DescriptorStream::security() const
{
    if (!session)
    {
        return {};
    }
    return fmt::format("{}, {}{}{}{}", session->version(), session->cipher(),
                       session->kernelSends() ? ", by the kernel" : "",
                       session->peer().empty() ? "" : ", ", session->peer());
}

} // namespace vmedia::nbd
