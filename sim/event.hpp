// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstdint>

namespace sim
{
using Clock = std::chrono::steady_clock;

/// "Something changed": wakes everybody who waits, to look for themselves.
/// Threads: none; all users share one single-threaded io_context.
class Event
{
  public:
    explicit Event(const boost::asio::any_io_executor& executor) :
        timer(executor)
    {}

    void notify()
    {
        ++changes;
        timer.cancel();
    }

    /// False if nothing changed until @p deadline. Cancellable.
    boost::asio::awaitable<bool> wait(Clock::time_point deadline)
    {
        const uint64_t before = changes;
        // Setting the expiry wakes others who wait; they look and wait again.
        timer.expires_at(deadline);
        auto [error] = co_await timer.async_wait(
            boost::asio::as_tuple(boost::asio::use_awaitable));
        const auto state = co_await boost::asio::this_coro::cancellation_state;
        if (state.cancelled() != boost::asio::cancellation_type::none)
        {
            throw boost::system::system_error(
                boost::asio::error::operation_aborted);
        }
        co_return changes != before || error.failed();
    }

  private:
    boost::asio::steady_timer timer;
    uint64_t changes = 0;
};

} // namespace sim
