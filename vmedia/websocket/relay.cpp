// SPDX-License-Identifier: Apache-2.0
#include "relay.hpp"

#include "window.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/websocket/error.hpp>

#include <limits>
#include <memory>

namespace vmedia::websocket
{

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

namespace
{

// The other half is for records that wait to be read, or to be sent.
constexpr size_t bufferSize = window / 2;
constexpr auto closeTimeout = std::chrono::seconds(5);

/// Not zeroed: what no message needs takes no memory.
class Buffer
{
  public:
    asio::mutable_buffer from(size_t begin) const
    {
        return {bytes.get() + begin, bufferSize - begin};
    }

  private:
    std::unique_ptr<std::byte[]> bytes =
        std::make_unique_for_overwrite<std::byte[]>(bufferSize);
};

/// Whether the next read gives more of this frame without waiting: Beast
/// first gives what came with a frame's header, and then the rest.
bool isMoreThere(WebSocket& webSocket)
{
    // Beyond the 1 that we say ourselves, it is what is left of the frame.
    return !webSocket.is_message_done() &&
           webSocket.read_size_hint(size_t{1}) > 1 &&
           beast::get_lowest_layer(webSocket).hasInput();
}

} // namespace

void configure(WebSocket& webSocket, std::chrono::seconds idle)
{
    webSocket.set_option(
        beast::websocket::stream_base::timeout{closeTimeout, idle, true});
    // A message is never put together, so it may be of any length that there
    // is: "the most significant bit MUST be 0" (5.2).
    webSocket.read_message_max(std::numeric_limits<int64_t>::max());
    webSocket.auto_fragment(false);
    webSocket.binary(true);
}

asio::awaitable<ClientEnd>
    webSocketToSocket(WebSocket& from, asio::local::stream_protocol::socket& to)
{
    const Buffer buffer;
    size_t have = 0;
    bool isRead = true;
    for (;;)
    {
        auto [error, size] = co_await from.async_read_some(
            buffer.from(have), asio::as_tuple(asio::use_awaitable));
        if (error)
        {
            if (isRead && have > 0)
            {
                co_await asio::async_write(to,
                                           asio::buffer(buffer.from(0), have),
                                           asio::as_tuple(asio::use_awaitable));
            }
            const error_code closed = beast::websocket::error::closed;
            co_return error == closed               ? ClientEnd::closed
            : error.category() == closed.category() ? ClientEnd::violation
                                                    : ClientEnd::vanished;
        }
        if (from.got_text())
        {
            co_return ClientEnd::text;
        }
        have += size;
        if (have < bufferSize && isMoreThere(from))
        {
            continue;
        }
        if (isRead)
        {
            auto [failure, written] = co_await asio::async_write(
                to, asio::buffer(buffer.from(0), have),
                asio::as_tuple(asio::use_awaitable));
            isRead = !failure;
        }
        have = 0;
    }
}

asio::awaitable<bool>
    socketToWebSocket(asio::local::stream_protocol::socket& from, WebSocket& to)
{
    const Buffer buffer;
    for (;;)
    {
        auto [error, size] = co_await from.async_read_some(
            buffer.from(0), asio::as_tuple(asio::use_awaitable));
        if (error)
        {
            co_return true;
        }
        auto [failure, written] =
            co_await to.async_write(asio::buffer(buffer.from(0), size),
                                    asio::as_tuple(asio::use_awaitable));
        if (failure)
        {
            co_return false;
        }
    }
}

} // namespace vmedia::websocket
