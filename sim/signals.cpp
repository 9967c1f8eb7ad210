// SPDX-License-Identifier: Apache-2.0
#include "signals.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>

namespace sim
{

boost::asio::awaitable<Ended> untilSignal()
{
    boost::asio::signal_set signals(co_await boost::asio::this_coro::executor,
                                    SIGINT, SIGTERM, SIGHUP);
    const int number = co_await signals.async_wait(boost::asio::use_awaitable);
    co_return Ended{number == SIGINT    ? "Ctrl-C"
                    : number == SIGTERM ? "SIGTERM"
                                        : "SIGHUP",
                    128 + number};
}

} // namespace sim
