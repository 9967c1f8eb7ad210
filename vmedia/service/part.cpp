// SPDX-License-Identifier: Apache-2.0
#include "part.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

namespace vmedia::service
{

namespace asio = boost::asio;

namespace
{

Error errorOf(const std::exception_ptr& thrown)
{
    try
    {
        std::rethrow_exception(thrown);
    }
    catch (const std::system_error& error)
    {
        return failNumbered(error.code().value(), error.what()).value();
    }
    catch (const std::exception& error)
    {
        return failNumbered(EIO, error.what()).value();
    }
}

} // namespace

int errnoOf(const Error& error)
{
    if (error.errorNumber != 0)
    {
        return error.errorNumber;
    }
    switch (error.code)
    {
        case Errc::usage:
            return EINVAL;
        case Errc::timeout:
            return ETIMEDOUT;
        case Errc::cancelled:
            return ECANCELED;
        default:
            return EIO;
    }
}

Part::Part(asio::any_io_executor e, Listener l) :
    executor(std::move(e)), listener(std::move(l))
{}

void Part::forget()
{
    listener = nullptr;
}

void Part::keep(std::shared_ptr<const void> used)
{
    lent = std::move(used);
}

bool Part::isForgotten() const
{
    return !listener;
}

void Part::tell(Event event)
{
    asio::post(executor, [self = shared_from_this(), event = std::move(event)] {
        if (self->listener)
        {
            // A copy: what is told may lead to forget().
            const Listener call = self->listener;
            call(event);
        }
    });
}

void Part::tell(Event::What what, const Error& error)
{
    tell({.what = what, .number = errnoOf(error), .text = describe(error)});
}

void Part::begin(asio::awaitable<void> task, Event::What failed)
{
    cancel();
    const auto signal = std::make_shared<asio::cancellation_signal>();
    running = signal;
    asio::co_spawn(
        executor, std::move(task),
        asio::bind_cancellation_slot(
            signal->slot(), [self = shared_from_this(), signal,
                             failed](const std::exception_ptr& thrown) {
        if (self->running != signal)
        {
            return; // it was cancelled
        }
        self->running.reset();
        if (thrown)
        {
            self->tell(failed, errorOf(thrown));
        }
    }));
}

void Part::cancel()
{
    if (const auto signal = std::exchange(running, nullptr))
    {
        signal->emit(asio::cancellation_type::terminal);
    }
}

} // namespace vmedia::service
