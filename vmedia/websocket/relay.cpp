// SPDX-License-Identifier: Apache-2.0
#include "relay.hpp"

#include "window.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/websocket/error.hpp>

#include <chrono>
#include <limits>
#include <memory>

namespace vmedia::websocket
{

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

namespace
{

constexpr auto closeTimeout = std::chrono::seconds(5);

ClientEnd howItEnded(const error_code& error)
{
    const error_code closed = beast::websocket::error::closed;
    return error == closed                         ? ClientEnd::closed
           : error.category() == closed.category() ? ClientEnd::violation
                                                   : ClientEnd::vanished;
}

} // namespace

void configure(WebSocket& webSocket)
{
    using Options = beast::websocket::stream_base;
    webSocket.set_option(
        Options::timeout{closeTimeout, Options::none(), false});
    // A message is never put together, so it may be of any length that there
    // is: "the most significant bit MUST be 0" (5.2).
    webSocket.read_message_max(std::numeric_limits<int64_t>::max());
    webSocket.auto_fragment(false);
    webSocket.binary(true);
}

asio::awaitable<ClientEnd> webSocketToSocket(WebSocket& from, Outlet& to)
{
    Link& link = beast::get_lowest_layer(from);
    link.onDry([&to] { to.flush(); });
    for (;;)
    {
        auto [error, size] = co_await from.async_read_some(
            to.room(), asio::as_tuple(asio::use_awaitable));
        if (error || from.got_text())
        {
            to.flush();
            co_return error ? howItEnded(error) : ClientEnd::text;
        }
        to.add(size);
        if (to.isFull() || !link.hasInput())
        {
            co_await to.drain();
        }
    }
}

asio::awaitable<bool>
    socketToWebSocket(asio::local::stream_protocol::socket& from, WebSocket& to)
{
    // Not zeroed: what no message needs takes no memory.
    const auto bytes = std::make_unique_for_overwrite<std::byte[]>(messageSize);
    for (;;)
    {
        auto [error, size] = co_await from.async_read_some(
            asio::buffer(bytes.get(), messageSize),
            asio::as_tuple(asio::use_awaitable));
        if (error)
        {
            co_return true;
        }
        auto [failure, written] =
            co_await to.async_write(asio::buffer(bytes.get(), size),
                                    asio::as_tuple(asio::use_awaitable));
        if (failure)
        {
            co_return false;
        }
    }
}

} // namespace vmedia::websocket
