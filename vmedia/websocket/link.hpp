// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <openssl/types.h>

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
#include <memory>
#include <span>
#include <vector>

namespace vmedia::websocket
{

/// A client's TCP connection, with TLS or in the clear: an asynchronous stream
/// for Beast.
///
/// asio::ssl::stream moves a record of at most 17 KiB with each system call,
/// and copies it once more. Here OpenSSL reads ahead from the socket itself,
/// and the records of a whole write leave together.
///
/// Errors:  eof for each end that the peer caused, TLS's or TCP's. After any
///          error the connection can only be closed.
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

    /// Whether a read would give something at once.
    bool hasInput();

    template <typename Buffers, typename Token>
    auto async_read_some(const Buffers& buffers, Token&& token) // NOLINT
    {
        if (!state->ssl)
        {
            return state->socket.async_read_some(buffers,
                                                 std::forward<Token>(token));
        }
        return boost::asio::async_compose<Token, void(Error, size_t)>(
            Read{state, firstOf(buffers)}, token, state->socket);
    }

    template <typename Buffers, typename Token>
    auto async_write_some(const Buffers& buffers, Token&& token) // NOLINT
    {
        if (!state->ssl)
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
    struct SslFree
    {
        void operator()(SSL* ssl) const;
    };

    /// What a try came to.
    enum class Step : uint8_t
    {
        done,
        wantRead,
        wantWrite,
        failed,
    };

    struct State : std::enable_shared_from_this<State>
    {
        State(Socket connected, SSL_CTX* context);

        Step read(boost::asio::mutable_buffer to, size_t& size, Error& error);
        /// Takes over as much of @p parts as may be on its way.
        Step take(std::span<const boost::asio::const_buffer> parts,
                  size_t& size, Error& error);
        /// Sends what was taken over.
        Step flush(Error& error);
        Step shakeHands(Error& error);
        Step failed(int status, Error& error);
        boost::asio::awaitable<Error> waitFor(Step step);
        boost::asio::awaitable<Error> handshake();
        boost::asio::awaitable<Error> shutdown();
        bool encrypt(std::span<const std::byte> bytes);

        Socket socket;
        boost::asio::steady_timer timer;
        std::unique_ptr<SSL, SslFree> ssl; ///< null: in the clear
        bool writing = false;
        size_t sent = 0;                   ///< of `out`
        std::vector<std::byte> out{};      ///< records that wait for the socket
        std::vector<std::byte> small{};    ///< where parts share a record
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
                    step = state->take(std::span(parts).first(count), size,
                                       result);
                    isTaken = step == Step::done;
                }
                if (isTaken)
                {
                    step = state->flush(result);
                }
                state->writing = step == Step::wantWrite;
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
