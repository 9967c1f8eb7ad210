// SPDX-License-Identifier: Apache-2.0
#include "link.hpp"

#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>

namespace vmedia::websocket
{

namespace asio = boost::asio;
using boost::system::error_code;

namespace
{

constexpr size_t dropMax = size_t{1} << 20;

error_code systemError()
{
    return {errno, asio::error::get_system_category()};
}

} // namespace

Link::State::State(Socket connected, SSL_CTX* context) :
    socket(std::move(connected)), timer(socket.get_executor())
{
    error_code ignored;
    socket.non_blocking(true, ignored);
    if (context != nullptr)
    {
        tls.emplace(context, socket.native_handle());
    }
}

Link::Link(Socket connected, SSL_CTX* tls) :
    state(std::make_shared<State>(std::move(connected), tls))
{}

Step Link::State::read(asio::mutable_buffer to, size_t& size, Error& error)
{
    Step step = Step::done;
    if (tls)
    {
        step = tls->read(to, size, error);
    }
    else if (to.size() > 0)
    {
        ssize_t n = 0;
        do
        {
            n = ::recv(socket.native_handle(), to.data(), to.size(), 0);
        } while (n < 0 && errno == EINTR);
        if (n > 0)
        {
            size = static_cast<size_t>(n);
        }
        else if (n < 0 && errno == EAGAIN)
        {
            step = Step::wantRead;
        }
        else
        {
            error = n == 0 ? error_code(asio::error::eof) : systemError();
            step = Step::failed;
        }
        isDrained = size < to.size();
    }
    if (step != Step::wantRead)
    {
        waiting.reset();
        return step;
    }
    if (!waiting)
    {
        waiting = std::chrono::steady_clock::now();
    }
    if (onDry)
    {
        onDry();
    }
    return step;
}

asio::awaitable<error_code> Link::State::waitFor(Step step)
{
    const auto what = step == Step::wantRead ? Socket::wait_read
                                             : Socket::wait_write;
    auto [error] =
        co_await socket.async_wait(what, asio::as_tuple(asio::use_awaitable));
    co_return error;
}

asio::awaitable<error_code> Link::State::handshake()
{
    const auto self = shared_from_this();
    error_code error;
    for (;;)
    {
        const Step step = tls->shakeHands(error);
        Step sending = Step::wantWrite; // also the alert that says why not
        while (sending == Step::wantWrite)
        {
            error_code failure;
            sending = tls->flush(failure);
            if (sending == Step::wantWrite)
            {
                failure = co_await waitFor(sending);
            }
            if (failure)
            {
                co_return failure;
            }
        }
        if (step != Step::wantRead)
        {
            co_return error;
        }
        error = co_await waitFor(step);
        if (error)
        {
            co_return error;
        }
    }
}

asio::awaitable<error_code> Link::State::shutdown()
{
    const auto self = shared_from_this();
    error_code error;
    if (tls)
    {
        tls->close();
        while (tls->flush(error) == Step::wantWrite)
        {
            error = co_await waitFor(Step::wantWrite);
            if (error)
            {
                co_return error;
            }
        }
    }
    socket.shutdown(Socket::shutdown_send, error);
    // What the client still sends is taken, or a reset would overtake what we
    // have sent; each time after others had their turn.
    while (!error)
    {
        error = co_await waitFor(Step::wantRead);
        const ssize_t n = error ? 0
                                : ::recv(socket.native_handle(), nullptr,
                                         dropMax, MSG_TRUNC);
        if (n == 0)
        {
            break;
        }
        if (n < 0 && errno != EAGAIN && errno != EINTR)
        {
            error = systemError();
        }
    }
    error_code ignored;
    timer.cancel();
    socket.close(ignored);
    co_return error;
}

asio::awaitable<error_code> Link::handshake()
{
    if (state->tls)
    {
        co_return co_await state->handshake();
    }
    co_return error_code{};
}

asio::awaitable<error_code> Link::shutdown()
{
    return state->shutdown();
}

void Link::expiresAfter(std::chrono::steady_clock::duration time)
{
    state->timer.expires_after(time);
    state->timer.async_wait(
        [weak = std::weak_ptr(state)](const error_code& error) {
        if (const auto link = weak.lock(); link && !error)
        {
            error_code ignored;
            link->socket.close(ignored);
        }
    });
}

void Link::expiresNever()
{
    state->timer.cancel();
}

void Link::close()
{
    error_code ignored;
    state->timer.cancel();
    state->socket.close(ignored);
}

void teardown(boost::beast::role_type /*role*/, Link& link, error_code& error)
{
    link.close(); // only Beast's blocking calls come here
    error = {};
}

} // namespace vmedia::websocket
