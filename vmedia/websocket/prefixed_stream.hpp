// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "mask_keys.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/websocket/teardown.hpp>

#include <chrono>
#include <string>
#include <utility>

namespace vmedia::websocket
{

/// A stream that first gives bytes which were already read from it.
///
/// Reading an HTTP request may take WebSocket frames along that came in the
/// same segment. Beast's async_accept() wants the request alone, and has no
/// way to give the rest back.
template <typename Next>
class PrefixedStream
{
  public:
    using next_layer_type = Next;
    using executor_type = typename Next::executor_type;

    PrefixedStream(Next&& n, std::string p) :
        next(std::move(n)), prefix(std::move(p))
    {}

    // The names that Asio's and Beast's concepts want.
    executor_type get_executor() // NOLINT
    {
        return next.get_executor();
    }

    Next& next_layer() // NOLINT
    {
        return next;
    }

    const Next& next_layer() const // NOLINT
    {
        return next;
    }

    template <typename Buffers, typename Token>
    auto async_read_some(const Buffers& buffers, Token&& token) // NOLINT
    {
        return boost::asio::async_initiate<Token, Signature>(
            [this](auto handler, const Buffers& to) {
            if (prefix.empty())
            {
                next.async_read_some(to, std::move(handler));
                return;
            }
            const size_t size =
                boost::asio::buffer_copy(to, boost::asio::buffer(prefix));
            prefix.erase(0, size);
            boost::asio::post(
                next.get_executor(),
                boost::beast::bind_front_handler(
                    std::move(handler), boost::system::error_code{}, size));
        }, token, buffers);
    }

    template <typename Buffers, typename Token>
    auto async_write_some(const Buffers& buffers, Token&& token) // NOLINT
    {
        return next.async_write_some(buffers, std::forward<Token>(token));
    }

  private:
    using Signature = void(boost::system::error_code, size_t);

    Next next;
    std::string prefix;
};

template <typename Next>
void teardown(boost::beast::role_type role, PrefixedStream<Next>& stream,
              boost::system::error_code& error)
{
    using boost::beast::websocket::teardown;
    teardown(role, stream.next_layer(), error);
}

/// How long a client may take to close TLS and TCP after the close frames.
/// Beast itself waits for ever after a violation.
inline constexpr auto teardownTimeout = std::chrono::seconds(2);

template <typename Next, typename Handler>
void async_teardown(boost::beast::role_type role, // NOLINT
                    PrefixedStream<Next>& stream, Handler&& handler)
{
    using boost::beast::websocket::async_teardown;
    boost::beast::get_lowest_layer(stream).expiresAfter(teardownTimeout);
    async_teardown(role, stream.next_layer(), std::forward<Handler>(handler));
}

} // namespace vmedia::websocket
