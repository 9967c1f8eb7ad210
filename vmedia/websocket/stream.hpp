// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "mask_keys.hpp"
#include "vmedia/nbd/stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <chrono>
#include <limits>
#include <optional>
#include <string>

namespace vmedia::websocket
{

/// How long either side may take to finish closing.
inline constexpr std::chrono::seconds closeGrace{3};

/// How a WebSocket was closed, if a Close frame came.
struct Closed
{
    uint16_t code = 0; ///< 0: no Close frame came (RFC 6455's 1006)
    std::string reason{};
};

/// The longest message that we send: a simple reply to the kernel's longest
/// request (128 KiB). bmcweb drops the connection on a longer one.
inline constexpr size_t messageMax = (128 << 10) + 16;

/// The binary messages of a WebSocket as a byte stream. Message boundaries
/// mean nothing: reads cross them freely, a long write becomes several.
///
/// Errors:  as nbd::Stream; closed() tells more once the peer closed. A text
///          message is answered with Close 1003 and is an error.
/// Owner:   borrows the stream, which is open.
template <typename Socket>
class MessageStream : public nbd::Stream
{
  public:
    explicit MessageStream(Socket& open) :
        websocket(open), closing(open.get_executor())
    {
        websocket.control_callback(
            [this](boost::beast::websocket::frame_type kind, auto) {
            if (kind == boost::beast::websocket::frame_type::close)
            {
                noteClose();
            }
        });
        websocket.binary(true);
        websocket.auto_fragment(false);
        // As long as a message, or masking costs a system call each 4 KiB.
        websocket.write_buffer_bytes(messageMax + 14);
        // Streamed, never reassembled, so of any length that there is: "the
        // most significant bit MUST be 0" (5.2).
        websocket.read_message_max(std::numeric_limits<int64_t>::max());
    }

    boost::asio::awaitable<Result<size_t>>
        readSome(boost::asio::mutable_buffer into) override
    {
        while (true)
        {
            const auto [error, got] = co_await websocket.async_read_some(
                into, boost::asio::as_tuple(boost::asio::use_awaitable));
            if (error)
            {
                co_return tl::unexpected(explain(error));
            }
            if (!websocket.got_binary())
            {
                const boost::beast::websocket::close_reason reason{
                    boost::beast::websocket::close_code::unknown_data,
                    "NBD travels in binary messages"};
                co_await websocket.async_close(
                    reason, boost::asio::as_tuple(boost::asio::use_awaitable));
                co_return fail(Errc::protocol,
                               "the peer sent a text message; NBD travels in "
                               "binary ones");
            }
            if (got > 0) // an empty message carries nothing
            {
                co_return got;
            }
        }
    }

    boost::asio::awaitable<Result<void>>
        write(std::span<const boost::asio::const_buffer> buffers) override
    {
        for (boost::asio::const_buffer rest : buffers)
        {
            while (rest.size() > 0)
            {
                const auto [error, sent] = co_await websocket.async_write(
                    boost::asio::buffer(rest, messageMax),
                    boost::asio::as_tuple(boost::asio::use_awaitable));
                if (error)
                {
                    co_return tl::unexpected(explain(error));
                }
                rest += sent;
            }
        }
        co_return Result<void>{};
    }

    /// Set once the peer closed or vanished.
    const std::optional<Closed>& closed() const
    {
        return how;
    }

  private:
    /// A Close frame came. Beast now waits for the end of TCP, which is the
    /// server's to give (RFC 6455, section 7.1.1), for ever if need be.
    void noteClose()
    {
        const auto& reason = websocket.reason();
        how = Closed{reason.code, {reason.reason.c_str()}};
        closing.expires_after(closeGrace);
        closing.async_wait([this](boost::system::error_code error) {
            if (!error)
            {
                boost::beast::get_lowest_layer(websocket).close(error);
            }
        });
    }

    Error explain(const boost::system::error_code& error)
    {
        if (how)
        {
            return {Errc::closedByPeer, "the peer closed the WebSocket"};
        }
        Error result = nbd::transferError(error);
        if (result.code == Errc::closedByPeer)
        {
            how = Closed{};
        }
        return result;
    }

    Socket& websocket;
    boost::asio::steady_timer closing;
    std::optional<Closed> how;
};

} // namespace vmedia::websocket
