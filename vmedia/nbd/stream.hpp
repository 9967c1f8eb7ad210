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

    /// At least one byte; or none, if it was woken (wakeBy()).
    virtual boost::asio::awaitable<Result<size_t>>
        readSome(boost::asio::mutable_buffer into) = 0;

    /// From now on readSome() also ends when @p descriptor is readable; -1:
    /// not any more. False where that cannot be.
    virtual bool wakeBy([[maybe_unused]] int descriptor)
    {
        return false;
    }

    /// Waits until @p descriptor is readable; false where the connection is
    /// over in both directions first. Only after wakeBy() was true.
    virtual bool waitFor([[maybe_unused]] int descriptor)
    {
        return false;
    }

    /// All of it, in order.
    virtual boost::asio::awaitable<Result<void>>
        write(std::span<const boost::asio::const_buffer> buffers) = 0;

    boost::asio::awaitable<Result<void>>
        writeBytes(std::span<const std::byte> bytes)
    {
        const boost::asio::const_buffer buffer(bytes.data(), bytes.size());
        co_return co_await write(std::span(&buffer, 1));
    }

    /// True if the kernel takes a file's bytes from where they are: then there
    /// are writeLent() and sendFile().
    virtual bool sendsUncopied() const
    {
        return false;
    }

    /// As write(), but every second of @p parts, not the first, is a file's
    /// (Export::mapped()): only the kernel touches it, and the peer may see
    /// what becomes of it until it has read it.
    virtual boost::asio::awaitable<Result<void>>
        writeLent(std::span<const boost::asio::const_buffer> parts);

    /// @p before, then @p length bytes of the file from @p offset on, uncopied.
    /// Errors: also when the file is shorter; the peer has a part then.
    virtual boost::asio::awaitable<Result<void>>
        sendFile(std::span<const boost::asio::const_buffer> before, int file,
                 uint64_t offset, uint64_t length);

    /// True if there is receiveFile(). Asked when it would be used.
    virtual bool receivesUncopied()
    {
        return false;
    }

    /// The next @p length bytes to the file's @p offset, uncopied by us; at
    /// most receivedMost. The file stays as it is until all of them came.
    ///
    /// Gives a system error number, 0 for success, of the file.
    /// Errors: those of the connection.
    virtual boost::asio::awaitable<Result<int>>
        receiveFile(int file, uint64_t offset, uint64_t length);
    static constexpr uint64_t receivedMost = 512 << 10;

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
