// SPDX-License-Identifier: Apache-2.0
#include "child.hpp"
#include "pidfd.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <cerrno>
#include <csignal>

#include <gtest/gtest.h>

namespace vmedia::process
{
namespace asio = boost::asio;

namespace
{

TEST(Pidfd, endsAProcessAndTellsItsEnd)
{
    asio::io_context context;
    Result<Child> child = Child::start(context.get_executor(),
                                       {{"sleep", "600"}});
    ASSERT_TRUE(child);
    Result<Pidfd> process = Pidfd::open(context.get_executor(), child->pid());
    ASSERT_TRUE(process);
    EXPECT_FALSE(process->hasEnded());
    auto ended = asio::co_spawn(context, process->wait(), asio::use_future);
    process->signal(SIGTERM);
    context.run();
    EXPECT_TRUE(ended.get());
    EXPECT_TRUE(process->hasEnded());
    context.restart();
    auto status = asio::co_spawn(context, child->wait(), asio::use_future);
    context.run();
    EXPECT_EQ(status.get(), 128 + SIGTERM);
    process->signal(SIGKILL); // of nobody: the pid may be another's by now
    const Result<Pidfd> again = Pidfd::open(context.get_executor(),
                                            child->pid());
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().errorNumber, ESRCH);
}

} // namespace
} // namespace vmedia::process
