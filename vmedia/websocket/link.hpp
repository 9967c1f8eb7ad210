// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "records.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/websocket/teardown.hpp>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>

namespace vmedia::websocket
{

/// A client's TCP connection, with TLS or in the clear: an asynchronous stream
/// for Beast.
///
/// asio::ssl::stream moves a record of at most 17 KiB with each system call,
/// and copies it once more: see Records. A plain socket is read here, too, to
/// know when it has run dry.
///
/// Errors:  as Records; eof also for TCP's end.
/// Threads: one at a time; one read and one write may be on their way.
class Link
{
  public:
    using executor_type = boost::asio::any_io_executor;
    using Socket = boost::asio::ip::tcp::socket;
    using Error = boost::system::error_code;

    /// @p tls null: in the clear.
    Link(Socket connected, SSL_CTX* tls);

    // The names that Asio's and Beast's concepts want.
    executor_type get_executor() // NOLINT
    {
        return state->socket.get_executor();
    }
    Socket& socket()
    {
        return state->socket;
    }

    /// The server's part of TLS; nothing in the clear.
    boost::asio::awaitable<Error> handshake();

    /// Ends TLS and TCP in order: we first, and then the peer.
    boost::asio::awaitable<Error> shutdown();

    /// Closes when it is over, whatever goes on then.
    void expiresAfter(std::chrono::steady_clock::duration time);
    void expiresNever();
    void close();

    /// Whether the next read may well give something at once: what was asked
    /// for last was there in full. It may still have to wait.
    bool hasInput() const
    {
        return state->hasInput();
    }

    /// @p then is called each time that a read has to wait for the socket.
    void onDry(std::function<void()> then)
    {
        state->onDry = std::move(then);
    }

    /// Since when a read has been waiting; none if none does.
    std::optional<std::chrono::steady_clock::time_point> waitingSince() const
    {
        return state->waiting;
    }

    template <typename Buffers, typename Token>
    auto async_read_some(const Buffers& buffers, Token&& token) // NOLINT
    {
        return boost::asio::async_compose<Token, void(Error, size_t)>(
            Read{state, firstOf(buffers)}, token, state->socket);
    }

    template <typename Buffers, typename Token>
    auto async_write_some(const Buffers& buffers, Token&& token) // NOLINT
    {
        if (!state->tls)
        {
            return state->socket.async_write_some(buffers,
                                                  std::forward<Token>(token));
        }
        Write write{state};
        auto part = boost::asio::buffer_sequence_begin(buffers);
        const auto end = boost::asio::buffer_sequence_end(buffers);
        while (part != end && write.count < write.parts.size())
        {
            write.parts[write.count++] = *part++;
        }
        return boost::asio::async_compose<Token, void(Error, size_t)>(
            std::move(write), token, state->socket);
    }

    /// Beast closes it by this name when its own time is over.
    friend void beast_close_socket(Link& link) // NOLINT
    {
        link.close();
    }

  private:
    struct State : std::enable_shared_from_this<State>
    {
        State(Socket connected, SSL_CTX* context);

        Step read(boost::asio::mutable_buffer to, size_t& size, Error& error);
        bool hasInput() const
        {
            return tls ? tls->hasInput() : !isDrained;
        }
        boost::asio::awaitable<Error> waitFor(Step step);
        boost::asio::awaitable<Error> handshake();
        boost::asio::awaitable<Error> shutdown();

        Socket socket;
        boost::asio::steady_timer timer;
        std::optional<Records> tls{}; ///< none: in the clear
        bool isDrained = true;        ///< the last read took all there was
        std::function<void()> onDry{};
        std::optional<std::chrono::steady_clock::time_point> waiting{};
    };

    template <typename Buffers>
    static boost::asio::mutable_buffer firstOf(const Buffers& buffers)
    {
        const auto end = boost::asio::buffer_sequence_end(buffers);
        for (auto part = boost::asio::buffer_sequence_begin(buffers);
             part != end; ++part)
        {
            if (boost::asio::mutable_buffer(*part).size() > 0)
            {
                return *part;
            }
        }
        return {};
    }

    /// Of both operations: tries, waits for the socket, tries again; and never
    /// completes within the call that began it.
    template <typename Self>
    static void proceed(State& state, Step step, bool& mayComplete, Self& self,
                        Error error, size_t size)
    {
        if (step == Step::wantRead || step == Step::wantWrite)
        {
            mayComplete = true;
            state.socket.async_wait(step == Step::wantRead ? Socket::wait_read
                                                           : Socket::wait_write,
                                    std::move(self));
        }
        else if (mayComplete)
        {
            self.complete(error, size);
        }
        else
        {
            mayComplete = true;
            boost::asio::post(state.socket.get_executor(), std::move(self));
        }
    }

    struct Read
    {
        std::shared_ptr<State> state;
        boost::asio::mutable_buffer to;
        size_t size = 0;
        Error result{};
        Step step = Step::wantRead;
        bool mayComplete = false;

        template <typename Self>
        void operator()(Self& self, Error error = {})
        {
            if (error)
            {
                result = error;
                step = Step::failed;
            }
            else if (step == Step::wantRead || step == Step::wantWrite)
            {
                step = state->read(to, size, result);
            }
            proceed(*std::shared_ptr(state), step, mayComplete, self, result,
                    size);
        }
    };

    struct Write
    {
        std::shared_ptr<State> state;
        std::array<boost::asio::const_buffer, 8> parts{};
        size_t count = 0;
        size_t size = 0;
        Error result{};
        Step step = Step::wantWrite;
        bool isTaken = false;
        bool mayComplete = false;

        template <typename Self>
        void operator()(Self& self, Error error = {})
        {
            if (error)
            {
                result = error;
                step = Step::failed;
            }
            else if (step == Step::wantWrite)
            {
                if (!isTaken)
                {
                    step = state->tls->take(std::span(parts).first(count), size,
                                            result);
                    isTaken = step == Step::done;
                }
                if (isTaken)
                {
                    step = state->tls->flush(result);
                }
            }
            proceed(*std::shared_ptr(state), step, mayComplete, self, result,
                    size);
        }
    };

    std::shared_ptr<State> state;
};

// Beast finds these two by name.

void teardown(boost::beast::role_type role, Link& link, Link::Error& error);

template <typename Handler>
void async_teardown(boost::beast::role_type /*role*/, Link& link, // NOLINT
                    Handler&& handler)
{
    boost::asio::co_spawn(link.get_executor(), link.shutdown(),
                          [done = std::forward<Handler>(handler)](
                              const std::exception_ptr&,
                              Link::Error error) mutable { done(error); });
}

} // namespace vmedia::websocket
