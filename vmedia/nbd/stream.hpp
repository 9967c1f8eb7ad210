// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <span>

namespace vmedia::nbd
{

/// A byte stream that NBD runs on: a socket, or the binary messages of a
/// WebSocket, whose boundaries mean nothing.
///
/// Errors:  Errc::closedByPeer for any end that the peer caused, however it
///          looks (EOF, reset, broken pipe): they are one class.
/// Threads: one coroutine at a time.
class Stream
{
  public:
    virtual ~Stream() = default;

    /// At least one byte.
    virtual boost::asio::awaitable<Result<size_t>>
        readSome(boost::asio::mutable_buffer into) = 0;

    /// All of it, in order.
    virtual boost::asio::awaitable<Result<void>>
        write(std::span<const boost::asio::const_buffer> buffers) = 0;

    boost::asio::awaitable<Result<void>>
        writeBytes(std::span<const std::byte> bytes)
    {
        const boost::asio::const_buffer buffer(bytes.data(), bytes.size());
        co_return co_await write(std::span(&buffer, 1));
    }

    /// True if sendFile() spares a copy here.
    virtual bool sendsFiles() const
    {
        return false;
    }

    /// @p header, then @p length bytes of the file from @p offset on, uncopied.
    /// Errors: also when the file is shorter; the peer has a part then.
    virtual boost::asio::awaitable<Result<void>>
        sendFile(std::span<const std::byte> header, int file, uint64_t offset,
                 uint64_t length);

    /// The server's half of a TLS handshake; what is read and written after it
    /// goes through TLS. Only where the session offers TLS.
    virtual boost::asio::awaitable<Result<void>> startTls()
    {
        co_return fail(Errc::usage, "this connection cannot start TLS");
    }
};

/// What a failed transfer means, whatever kind of stream it was on.
Error transferError(const boost::system::error_code& error);

} // namespace vmedia::nbd
