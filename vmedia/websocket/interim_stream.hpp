// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "interim_heads.hpp"
#include "mask_keys.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/teardown.hpp>

#include <array>
#include <exception>
#include <string>
#include <utility>

namespace vmedia::websocket
{

/// A stream to a server, without the interim responses before its response:
/// Beast's async_handshake() takes the first head for the last one.
template <typename Next>
class InterimStream
{
  public:
    using next_layer_type = Next;
    using executor_type = typename Next::executor_type;

    template <typename... Args>
    explicit InterimStream(Args&&... args) : next(std::forward<Args>(args)...)
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
            using boost::system::error_code;
            if (heads.isOver() && heads.rest().empty())
            {
                next.async_read_some(to, std::move(handler));
                return;
            }
            if (heads.isOver())
            {
                boost::asio::post(
                    next.get_executor(),
                    boost::beast::bind_front_handler(std::move(handler),
                                                     error_code{}, give(to)));
                return;
            }
            boost::asio::co_spawn(
                next.get_executor(), readHeads(),
                [this, to, handler = std::move(handler)](
                    std::exception_ptr, error_code error) mutable {
                std::move(handler)(error, error ? 0 : give(to));
            });
        }, token, buffers);
    }

    template <typename Buffers, typename Token>
    auto async_write_some(const Buffers& buffers, Token&& token) // NOLINT
    {
        return next.async_write_some(buffers, std::forward<Token>(token));
    }

  private:
    using Signature = void(boost::system::error_code, size_t);

    template <typename Buffers>
    size_t give(const Buffers& to)
    {
        std::string& rest = heads.rest();
        const size_t size = boost::asio::buffer_copy(to,
                                                     boost::asio::buffer(rest));
        rest.erase(0, size);
        return size;
    }

    boost::asio::awaitable<boost::system::error_code> readHeads()
    {
        std::array<char, 4096> piece{};
        while (!heads.isOver())
        {
            const auto [error, size] = co_await next.async_read_some(
                boost::asio::buffer(piece),
                boost::asio::as_tuple(boost::asio::use_awaitable));
            if (error)
            {
                co_return error;
            }
            heads.add({piece.data(), size});
        }
        co_return boost::system::error_code{};
    }

    Next next;
    InterimHeads heads{};
};

template <typename Next>
void teardown(boost::beast::role_type role, InterimStream<Next>& stream,
              boost::system::error_code& error)
{
    using boost::beast::websocket::teardown;
    teardown(role, stream.next_layer(), error);
}

template <typename Next, typename Handler>
void async_teardown(boost::beast::role_type role, // NOLINT
                    InterimStream<Next>& stream, Handler&& handler)
{
    using boost::beast::websocket::async_teardown;
    async_teardown(role, stream.next_layer(), std::forward<Handler>(handler));
}

} // namespace vmedia::websocket
