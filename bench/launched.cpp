// SPDX-License-Identifier: Apache-2.0
#include "launched.hpp"

#include "channel.hpp"
#include "program.hpp"
#include "stop.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>

#include <boost/asio/co_spawn.hpp>

#include <chrono>
#include <ctime>
#include <fstream>
#include <iterator>

namespace bench
{

using vmedia::Errc;
using vmedia::fail;
using vmedia::Result;
using Clock = std::chrono::steady_clock;

namespace
{

constexpr std::chrono::seconds startLimit{10};
constexpr std::chrono::milliseconds stopGrace{2000};
constexpr timespec betweenTries{0, 100'000}; // how exact a startup is

bool hasEnded(int pid)
{
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid), &info,
                    WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid != 0;
}

} // namespace

Result<void> Launched::start(const std::vector<std::string>& argv,
                             const std::vector<std::string>& environment)
{
    const Descriptor log(::open((directory() / "log").c_str(),
                                O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    auto started = vmedia::process::Child::start(context.get_executor(),
                                                 {.argv = argv,
                                                  .output = log.get(),
                                                  .error = log.get(),
                                                  .environment = environment});
    if (!started)
    {
        return tl::unexpected(started.error());
    }
    child.emplace(std::move(*started));
    return {};
}

Result<void> Launched::awaitAnswer(const std::function<Result<void>()>& answers,
                                   std::string_view answer, bool mayEnd) const
{
    const auto deadline = Clock::now() + startLimit;
    while (!answers())
    {
        if (!mayEnd && hasEnded(pid()))
        {
            return fail(Errc::child, "it ended: " + lastWords());
        }
        if (stopWanted())
        {
            return fail(Errc::cancelled, "stopped by a signal");
        }
        if (Clock::now() > deadline)
        {
            return fail(Errc::timeout,
                        fmt::format("no {} within {} s: {}", answer,
                                    startLimit.count(), lastWords()));
        }
        ::nanosleep(&betweenTries, nullptr);
    }
    return {};
}

std::string Launched::lastWords() const
{
    std::ifstream in(directory() / "log");
    return lastLineOf({std::istreambuf_iterator<char>(in), {}});
}

Launched::~Launched()
{
    if (child)
    {
        boost::asio::co_spawn(context, child->stop(stopGrace),
                              [](const std::exception_ptr&, int) {});
        context.restart();
        context.run();
    }
}

} // namespace bench
