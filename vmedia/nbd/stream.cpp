// SPDX-License-Identifier: Apache-2.0
#include "stream.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

namespace vmedia::nbd
{
namespace error = boost::asio::error;

boost::asio::awaitable<Result<void>>
    Stream::writeLent(std::span<const boost::asio::const_buffer>)
{
    co_return fail(Errc::usage, "this connection copies");
}

boost::asio::awaitable<Result<void>>
    Stream::sendFile(std::span<const boost::asio::const_buffer>, int, uint64_t,
                     uint64_t)
{
    co_return fail(Errc::usage, "this connection cannot send files");
}

boost::asio::awaitable<Result<int>> Stream::receiveFile(int, uint64_t, uint64_t)
{
    co_return fail(Errc::usage, "this connection copies");
}

Error transferError(const boost::system::error_code& code)
{
    if (code == error::operation_aborted)
    {
        return {Errc::cancelled, "stopped"};
    }
    if (code == error::eof || code == error::connection_reset ||
        code == error::broken_pipe ||
        code == boost::asio::ssl::error::stream_truncated)
    {
        return {Errc::closedByPeer, "the peer closed the connection"};
    }
    return {Errc::io, "connection: " + code.message()};
}

} // namespace vmedia::nbd
