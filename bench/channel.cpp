// SPDX-License-Identifier: Apache-2.0
#include "channel.hpp"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

namespace bench
{

using vmedia::Errc;
using vmedia::fail;
using vmedia::Result;

namespace
{

tl::unexpected<vmedia::Error> failSocket(int error, const char* silence)
{
    if (error == EAGAIN)
    {
        return fail(Errc::timeout, silence);
    }
    if (error == EINTR)
    {
        return fail(Errc::cancelled, "stopped by a signal");
    }
    return vmedia::failErrno(error, "the peer's socket");
}

} // namespace

Descriptor::~Descriptor()
{
    if (value >= 0)
    {
        ::close(value);
    }
}

Result<void> Channel::take(Result<vmedia::tls::Session> made)
{
    return std::move(made).map([this](vmedia::tls::Session&& opened) {
        session.emplace(std::move(opened));
    });
}

Result<void> Channel::connectTls(const vmedia::tls::Context& context)
{
    return take(vmedia::tls::Session::connect(context, descriptor()));
}

Result<void> Channel::acceptTls(const vmedia::tls::Context& context)
{
    return take(vmedia::tls::Session::accept(context, descriptor()));
}

Result<size_t> Channel::receive(std::span<std::byte> into)
{
    if (session)
    {
        // A record at a time: what one system call brought is taken at once.
        size_t have = 0;
        do
        {
            Result<size_t> n = session->read(into.subspan(have));
            if (!n)
            {
                return n;
            }
            have += *n;
        } while (have < into.size() && session->hasBuffered());
        return have;
    }
    const ssize_t n = ::recv(descriptor(), into.data(), into.size(), 0);
    if (n < 0)
    {
        return failSocket(errno, "the peer did not answer in time");
    }
    if (n == 0)
    {
        return fail(Errc::closedByPeer, "the peer closed the connection");
    }
    return static_cast<size_t>(n);
}

Result<void> Channel::receiveAll(std::span<std::byte> into)
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

Result<void> Channel::send(std::span<iovec> parts)
{
    if (session)
    {
        pieces.clear();
        for (const iovec& part : parts)
        {
            pieces.emplace_back(static_cast<const std::byte*>(part.iov_base),
                                part.iov_len);
        }
        return session->write(pieces);
    }
    while (!parts.empty())
    {
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = parts.size();
        const ssize_t sent = ::sendmsg(descriptor(), &message, MSG_NOSIGNAL);
        if (sent < 0)
        {
            return failSocket(errno, "the peer did not read in time");
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

Result<void> Channel::send(std::span<const std::byte> bytes)
{
    // NOLINTNEXTLINE: who sends it does not write to it
    iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
    return send(std::span(&part, 1));
}

} // namespace bench
