// SPDX-License-Identifier: Apache-2.0
#include "program.hpp"

#include "vmedia/process/child.hpp"
#include "vmedia/process/line_log.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <csignal>
#include <utility>

namespace vmedia::service
{

namespace asio = boost::asio;

struct Program::State
{
    process::LineLog log;
    process::Child child;
    Ended ended;

    static asio::awaitable<void> copy(std::shared_ptr<State> self)
    {
        co_await self->log.copy();
    }

    static asio::awaitable<void> watch(std::shared_ptr<State> self)
    {
        const int status = co_await self->child.wait();
        self->log.finish();
        if (const Ended call = std::exchange(self->ended, nullptr))
        {
            call(status, self->log.lastLine());
        }
    }
};

Result<std::unique_ptr<Program>>
    Program::start(const asio::any_io_executor& executor, Options options,
                   Ended ended)
{
    auto log = process::LineLog::open(executor);
    if (!log)
    {
        return tl::unexpected(log.error());
    }
    log->skip(std::move(options.idleWords));
    process::Command command{std::move(options.argv), -1, -1, log->writeEnd()};
    if (!options.temporary.empty())
    {
        command.environment.push_back("TMPDIR=" + options.temporary);
    }
    auto child = process::Child::start(executor, std::move(command));
    log->childStarted();
    if (!child)
    {
        return tl::unexpected(child.error());
    }
    auto state = std::make_shared<State>(
        State{std::move(*log), std::move(*child), std::move(ended)});
    asio::co_spawn(executor, State::copy(state), asio::detached);
    asio::co_spawn(executor, State::watch(state), asio::detached);
    return std::unique_ptr<Program>(new Program(std::move(state)));
}

Program::Program(std::shared_ptr<State> s) : state(std::move(s)) {}

Program::~Program()
{
    state->ended = nullptr;
    signal(SIGKILL);
}

int Program::pid() const
{
    return state->child.pid();
}

void Program::signal(int number)
{
    state->child.signal(number);
}

const std::string& Program::lastLine() const
{
    return state->log.lastLine();
}

} // namespace vmedia::service
