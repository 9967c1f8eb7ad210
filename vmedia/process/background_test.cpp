// SPDX-License-Identifier: Apache-2.0
#include "background.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <future>
#include <thread>

#include <gtest/gtest.h>

namespace vmedia::process
{
namespace asio = boost::asio;

namespace
{

TEST(Background, theLoopGoesOnMeanwhile)
{
    asio::io_context context;
    std::promise<int> gate;
    std::thread::id where;
    int got = 0;
    const auto task = [&]() -> asio::awaitable<void> {
        std::function<int()> work = [&] {
            where = std::this_thread::get_id();
            return gate.get_future().get();
        };
        got = co_await inBackground(std::move(work));
    };
    asio::co_spawn(context, task(), asio::detached);
    asio::post(context, [&] { gate.set_value(7); });
    context.run();
    EXPECT_EQ(got, 7);
    EXPECT_NE(where, std::this_thread::get_id());
}

TEST(Background, whoGivesUpIsToldNothing)
{
    const auto gate = std::make_shared<std::promise<void>>();
    std::promise<void> over;
    bool isTold = false;
    {
        asio::io_context context;
        const auto task = [&]() -> asio::awaitable<void> {
            std::function<void()> work = [gate, &over] {
                gate->get_future().get();
                over.set_value_at_thread_exit();
            };
            co_await runInBackground(std::move(work));
            isTold = true;
        };
        asio::co_spawn(context, task(), asio::detached);
        context.poll(); // the thread runs, and the loop goes
    }
    gate->set_value();
    over.get_future().get();
    EXPECT_FALSE(isTold);
}

} // namespace
} // namespace vmedia::process
