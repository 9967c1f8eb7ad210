// SPDX-License-Identifier: Apache-2.0
#include "relay.hpp"

#include "window.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/websocket/error.hpp>

#include <limits>
#include <vector>

namespace vmedia::websocket
{

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

namespace
{

constexpr auto closeTimeout = std::chrono::seconds(5);

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
    std::vector<char> buffer(window);
    bool isRead = true;
    for (;;)
    {
        auto [error, size] = co_await from.async_read_some(
            asio::buffer(buffer), asio::as_tuple(asio::use_awaitable));
        if (error)
        {
            const error_code closed = beast::websocket::error::closed;
            co_return error == closed               ? ClientEnd::closed
            : error.category() == closed.category() ? ClientEnd::violation
                                                    : ClientEnd::vanished;
        }
        if (from.got_text())
        {
            co_return ClientEnd::text;
        }
        if (isRead)
        {
            auto [failure, written] = co_await asio::async_write(
                to, asio::buffer(buffer.data(), size),
                asio::as_tuple(asio::use_awaitable));
            isRead = !failure;
        }
    }
}

asio::awaitable<bool>
    socketToWebSocket(asio::local::stream_protocol::socket& from, WebSocket& to)
{
    std::vector<char> buffer(window);
    for (;;)
    {
        auto [error, size] = co_await from.async_read_some(
            asio::buffer(buffer), asio::as_tuple(asio::use_awaitable));
        if (error)
        {
            co_return true;
        }
        auto [failure, written] =
            co_await to.async_write(asio::buffer(buffer.data(), size),
                                    asio::as_tuple(asio::use_awaitable));
        if (failure)
        {
            co_return false;
        }
    }
}

} // namespace vmedia::websocket
