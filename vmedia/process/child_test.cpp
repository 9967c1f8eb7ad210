// SPDX-License-Identifier: Apache-2.0
#include "child.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <csignal>

#include <gtest/gtest.h>

namespace vmedia::process
{
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace
{

template <typename T>
T run(asio::io_context& context, asio::awaitable<T> task)
{
    auto future = asio::co_spawn(context, std::move(task), asio::use_future);
    context.restart();
    context.run();
    return future.get();
}

/// Runs a shell line, gives its exit status and what it printed.
std::pair<ExitStatus, std::string> shell(const std::string& line,
                                         std::vector<std::string> env = {})
{
    int pipes[2];
    EXPECT_EQ(::pipe(pipes), 0);
    asio::io_context context;
    Result<Child> child = Child::start(
        context.get_executor(),
        {{"/bin/sh", "-c", line}, -1, pipes[1], 2, std::move(env)});
    ::close(pipes[1]);
    EXPECT_TRUE(child);
    const ExitStatus status = run(context, child->wait());
    std::string text(4096, '\0');
    text.resize(static_cast<size_t>(
        std::max<ssize_t>(0, ::read(pipes[0], text.data(), text.size()))));
    ::close(pipes[0]);
    return {status, text};
}

} // namespace

TEST(Child, givesOutputAndExitStatus)
{
    EXPECT_EQ(shell("echo hello; exit 7"),
              (std::pair<ExitStatus, std::string>{7, "hello\n"}));
}

TEST(Child, givesASignalAs128PlusItsNumber)
{
    EXPECT_EQ(shell("kill -9 $$").first, 128 + SIGKILL);
}

TEST(Child, getsAddedEnvironmentAndNoneOfOurDescriptors)
{
    const auto [status, text] = shell("echo $COLOUR; ls /proc/self/fd | wc -l",
                                      {"COLOUR=blue"});
    // 0, 1, 2 and the one with which ls reads the directory
    EXPECT_EQ(text, "blue\n4\n");
    EXPECT_EQ(status, 0);
}

TEST(Child, missingProgramIsAnErrorThatNamesIt)
{
    asio::io_context context;
    Result<Child> child = Child::start(context.get_executor(),
                                       {{"no-such-program"}});
    ASSERT_FALSE(child);
    EXPECT_EQ(child.error().what, "no-such-program is missing");
}

TEST(Child, noDescriptorsLeftIsAnErrorAndNotAnException)
{
    asio::io_context context;
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    for (rlim_t room = 0; room < 12; ++room)
    {
        // The lowest free descriptor, and `room` more.
        const int lowest = ::dup(0);
        ::close(lowest);
        const rlimit tight{static_cast<rlim_t>(lowest) + room, before.rlim_max};
        ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
        EXPECT_NO_THROW({
            auto child = Child::start(context.get_executor(), {{"/bin/true"}});
            EXPECT_TRUE(child || child.error().code == Errc::child ||
                        child.error().code == Errc::io);
        }) << "room for "
           << room;
        ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    }
}

TEST(Child, stopKillsOneThatIgnoresSigterm)
{
    asio::io_context context;
    int said[2];
    int never[2]; // its standard input: open, and nothing ever comes
    ASSERT_EQ(::pipe(said), 0);
    ASSERT_EQ(::pipe(never), 0);
    Result<Child> child =
        Child::start(context.get_executor(),
                     {{"/bin/sh", "-c", "trap '' TERM; echo ready; exec cat"},
                      never[0],
                      said[1]});
    ASSERT_TRUE(child);
    char ready[6];
    ASSERT_EQ(::read(said[0], ready, 6), 6); // the trap is set now
    EXPECT_EQ(run(context, child->stop(50ms)), 128 + SIGKILL);
    for (int descriptor : {said[0], said[1], never[0], never[1]})
    {
        ::close(descriptor);
    }
}

TEST(Child, stopGivesTheStatusOfOneThatEndedByItself)
{
    asio::io_context context;
    Result<Child> child = Child::start(context.get_executor(),
                                       {{"/bin/sh", "-c", "exit 3"}});
    ASSERT_TRUE(child);
    EXPECT_EQ(run(context, child->wait()), 3);
    EXPECT_EQ(run(context, child->stop(10s)), 3);
}

TEST(Child, destructorLeavesNoProcessBehind)
{
    asio::io_context context;
    int pid = 0;
    {
        Result<Child> child = Child::start(context.get_executor(),
                                           {{"/bin/cat"}, 0});
        ASSERT_TRUE(child);
        pid = child->pid();
    }
    EXPECT_EQ(::kill(pid, 0), -1);
    EXPECT_EQ(errno, ESRCH);
}

} // namespace vmedia::process
