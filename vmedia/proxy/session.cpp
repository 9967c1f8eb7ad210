// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include "device_watch.hpp"
#include "listener.hpp"
#include "relay.hpp"
#include "vmedia/process/child.hpp"
#include "vmedia/process/line_log.hpp"

#include <fmt/format.h>
#include <string.h> // NOLINT: sigabbrev_np is not in <cstring>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <optional>

namespace vmedia::proxy
{

namespace asio = boost::asio;
using namespace std::chrono_literals;
using process::Child;
using process::LineLog;
using What = Event::What;

namespace
{

constexpr auto clientGrace = 2s; // W9: one that ignores SIGTERM
constexpr auto flushGrace = 1s;  // for an output that nobody reads

template <typename... T>
void say(fmt::format_string<T...> format, T&&... values)
{
    fmt::print(stderr, "nbd-proxy: {}\n",
               fmt::format(format, std::forward<T>(values)...));
}

asio::awaitable<void> copyLines(std::shared_ptr<LineLog> log)
{
    co_await log->copy();
}

class Session
{
  public:
    explicit Session(const SessionOptions& o) :
        options(o), hasHook(::access(o.hook.c_str(), X_OK) == 0),
        state({o.configuration.device, o.configuration.name, hasHook}),
        signals(context, SIGTERM, SIGINT, SIGHUP), deadline(context),
        flushed(context)
    {}

    Result<SessionState::Outcome> run();

  private:
    Result<void> start();
    Result<void> startClient();
    void spawn(asio::awaitable<void> task);
    void tell(Event event);
    void perform(Action action);
    void arm(std::chrono::milliseconds delay);
    asio::awaitable<void> watchSignals();
    asio::awaitable<void> watchClient();
    asio::awaitable<void> watchDevice();
    asio::awaitable<void> serveClient();
    asio::awaitable<void> runHook(std::string verb, What ended);
    asio::awaitable<void> finish();

    // First, so that it goes last: everything below lives in it.
    asio::io_context context{1};
    const SessionOptions& options;
    bool hasHook;
    SessionState state;
    asio::signal_set signals;
    asio::steady_timer deadline;
    uint64_t armed = 0; ///< which arming is the valid one
    asio::steady_timer flushed;
    bool relaying = false;
    uint64_t size = 0;
    std::optional<Relay> relay{};
    std::optional<DeviceWatch> watch{};
    std::optional<Listener> listener{};
    std::shared_ptr<LineLog> clientLog{};
    std::optional<Child> client{};
    std::optional<Child> hook{};
};

Result<SessionState::Outcome> Session::run()
{
    if (Result<void> started = start(); !started)
    {
        return tl::unexpected(started.error());
    }
    arm(options.readyDeadline);
    spawn(watchSignals());
    spawn(relay->inputToClient());
    spawn(watchDevice());
    spawn(watchClient());
    spawn(serveClient());
    spawn(copyLines(clientLog));
    context.run();
    return state.outcome();
}

Result<void> Session::start()
{
    const auto executor = context.get_executor();
    auto relayed = Relay::open(executor, options.input, options.output,
                               [this](Event event) { tell(std::move(event)); });
    if (!relayed)
    {
        return tl::unexpected(relayed.error());
    }
    relay.emplace(std::move(*relayed));
    // Before nbd-client: its event may come at once.
    auto watched = DeviceWatch::open(executor, options.configuration.device);
    if (!watched)
    {
        return tl::unexpected(watched.error());
    }
    watch.emplace(std::move(*watched));
    auto listening = Listener::open(executor, options.runDirectory);
    if (!listening)
    {
        return tl::unexpected(listening.error());
    }
    listener.emplace(std::move(*listening));
    if (!hasHook)
    {
        say("no state hook: {} is {}; {} is served, but handed to no one",
            options.hook,
            ::access(options.hook.c_str(), F_OK) == 0 ? "not executable"
                                                      : "missing",
            options.configuration.device);
    }
    return startClient();
}

Result<void> Session::startClient()
{
    auto log = LineLog::open(context.get_executor());
    if (!log)
    {
        return tl::unexpected(log.error());
    }
    clientLog = std::make_shared<LineLog>(std::move(*log));
    // -n: stay in the foreground. -L: ioctl, not netlink, with which
    // nbd-client leaves the device to the kernel and exits at once.
    auto started =
        Child::start(context.get_executor(),
                     {{options.nbdClient, "-u", listener->path(), "-n", "-L",
                       "-t", std::to_string(options.timeout.count()),
                       options.configuration.device},
                      -1,
                      -1,
                      clientLog->writeEnd()});
    clientLog->childStarted();
    if (!started)
    {
        return tl::unexpected(started.error());
    }
    client.emplace(std::move(*started));
    return {};
}

void Session::spawn(asio::awaitable<void> task)
{
    asio::co_spawn(context, std::move(task), [](std::exception_ptr thrown) {
        if (thrown)
        {
            std::rethrow_exception(thrown);
        }
    });
}

/// Posted, never called: an event that an action causes comes after the
/// actions which belong with it.
void Session::tell(Event event)
{
    asio::post(context, [this, event = std::move(event)] {
        for (Action action : state.on(event))
        {
            perform(action);
        }
    });
}

void Session::perform(Action action)
{
    switch (action)
    {
        case Action::runStart:
            return spawn(runHook("start", What::startEnded));
        case Action::runStop:
            return spawn(runHook("stop", What::stopEnded));
        case Action::killHook:
            return hook ? hook->signal(SIGKILL) : void();
        case Action::terminateClient:
            return client->signal(SIGTERM);
        case Action::killClient:
            return client->signal(SIGKILL);
        case Action::armHookDeadline:
            return arm(options.hookDeadline);
        case Action::armGraceDeadline:
            return arm(clientGrace);
        case Action::disarm:
            ++armed;
            deadline.cancel();
            return;
        case Action::finish:
            return spawn(finish());
    }
}

void Session::arm(std::chrono::milliseconds delay)
{
    deadline.expires_after(delay);
    deadline.async_wait(
        [this, number = ++armed](const boost::system::error_code& error) {
        // One that had expired when it was replaced comes without error.
        if (!error && number == armed)
        {
            tell({What::deadline});
        }
    });
}

asio::awaitable<void> Session::watchSignals()
{
    for (;;)
    {
        auto [error, number] =
            co_await signals.async_wait(asio::as_tuple(asio::use_awaitable));
        if (error)
        {
            co_return;
        }
        tell({What::signalled, 0,
              fmt::format("ended by SIG{}", ::sigabbrev_np(number))});
    }
}

asio::awaitable<void> Session::watchClient()
{
    const int status = co_await client->wait();
    clientLog->finish();
    tell({What::clientEnded, status, clientLog->lastLine()});
}

asio::awaitable<void> Session::watchDevice()
{
    const Result<uint64_t> bytes = co_await watch->waitForSize();
    if (bytes)
    {
        size = *bytes;
        say("{} has {} bytes", options.configuration.device, size);
        tell({What::deviceReady});
    }
}

asio::awaitable<void> Session::serveClient()
{
    auto socket = co_await listener->accept();
    if (!socket)
    {
        co_return; // nbd-client ended, or the deadline passed: both are told
    }
    say("nbd-client connected");
    tell({What::connected});
    relaying = true;
    relay->connect(std::move(*socket));
    co_await relay->clientToOutput();
    relaying = false;
    flushed.cancel();
}

asio::awaitable<void> Session::runHook(std::string verb, What ended)
{
    const auto& [name, device, metadata, isDefault] = options.configuration;
    auto opened = LineLog::open(context.get_executor());
    if (!opened)
    {
        tell({ended, 126, describe(opened.error())});
        co_return;
    }
    auto log = std::make_shared<LineLog>(std::move(*opened));
    auto started = Child::start(
        context.get_executor(),
        {{options.hook, verb, name},
         -1,
         log->writeEnd(),
         log->writeEnd(),
         {"NBD_DEVICE=" + device, fmt::format("NBD_SIZE={}", size)}});
    log->childStarted();
    if (!started)
    {
        tell({ended, 126, describe(started.error())});
        co_return;
    }
    hook.emplace(std::move(*started));
    spawn(copyLines(log));
    const int status = co_await hook->wait();
    log->finish();
    if (status == 0)
    {
        say("state {} {} succeeded", verb, name);
    }
    hook.reset();
    tell({ended, status, log->lastLine()});
}

/// nbd-client is gone: its last bytes go out, then everything that waits is
/// told to stop, and run() returns.
asio::awaitable<void> Session::finish()
{
    if (relaying)
    {
        flushed.expires_after(flushGrace);
        co_await flushed.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    signals.cancel();
    relay->close();
    watch->close();
    listener->close();
}

} // namespace

Result<SessionState::Outcome> runSession(const SessionOptions& options)
{
    // A far end that closes is an event, not the end of us.
    ::signal(SIGPIPE, SIG_IGN);
    Session session(options);
    return session.run();
}

} // namespace vmedia::proxy
