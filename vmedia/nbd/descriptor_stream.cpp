// SPDX-License-Identifier: Apache-2.0
#include "descriptor_stream.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

namespace vmedia::nbd
{
namespace asio = boost::asio;

namespace
{

Error errorOf(int errorNumber)
{
    return transferError({errorNumber, boost::system::system_category()});
}

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

DescriptorStream::DescriptorStream(int connected) : socket(connected)
{
    ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) & ~O_NONBLOCK);
    enlargeBuffers(socket);
}

asio::awaitable<Result<size_t>>
    DescriptorStream::readSome(asio::mutable_buffer into)
{
    while (true)
    {
        const ssize_t got = ::recv(socket, into.data(), into.size(), 0);
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
    for (asio::const_buffer rest : buffers)
    {
        while (rest.size() > 0)
        {
            const ssize_t put = ::send(socket, rest.data(), rest.size(),
                                       MSG_NOSIGNAL);
            if (put < 0 && errno != EINTR)
            {
                co_return tl::unexpected(errorOf(errno));
            }
            rest += static_cast<size_t>(std::max<ssize_t>(0, put));
        }
    }
    co_return Result<void>{};
}

} // namespace vmedia::nbd
