// SPDX-License-Identifier: Apache-2.0
#include "daemon.hpp"

#include "virtual_media.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <csignal>
#include <exception>
#include <optional>
#include <utility>

namespace vmedia::bus
{

namespace asio = boost::asio;
using service::Mount;
using service::Slot;

namespace
{

class Daemon
{
  public:
    Daemon(const service::Config& c, const DaemonOptions& o) :
        config(c), options(o)
    {}

    Result<void> run(const SlotFactory& makeSlots);

  private:
    asio::awaitable<void> serve(SlotFactory makeSlots);
    void fail(Error error);
    void waitForSignal();
    void end();
    void stopIfReady();
    void giveUp(std::string_view why);
    std::string notReady() const;

    const service::Config& config;
    const DaemonOptions& options;
    // In this order: slots go first, and the context last.
    asio::io_context context{1};
    asio::signal_set signals{context};
    asio::steady_timer deadline{context};
    std::unique_ptr<Connection> connection{};
    std::optional<VirtualMedia> objects{};
    Slots slots{};
    std::optional<Error> trouble{};
    bool ending = false;
};

Result<void> Daemon::run(const SlotFactory& makeSlots)
{
    auto opened = Connection::open(context.get_executor(), options.address);
    if (!opened)
    {
        return tl::unexpected(opened.error());
    }
    connection = std::move(*opened);
    if (auto owned = connection->ownName(VirtualMedia::name); !owned)
    {
        return owned;
    }
    signals.add(SIGTERM);
    signals.add(SIGINT);
    waitForSignal();
    objects.emplace(*connection, config, options.compat);
    asio::co_spawn(context, serve(makeSlots), [](std::exception_ptr thrown) {
        if (thrown)
        {
            std::rethrow_exception(thrown);
        }
    });
    context.run();
    if (trouble)
    {
        return tl::unexpected(*trouble);
    }
    return {};
}

asio::awaitable<void> Daemon::serve(SlotFactory makeSlots)
{
    auto made = co_await makeSlots(context.get_executor(), config, *objects);
    if (!made)
    {
        fail(std::move(made.error()));
        co_return;
    }
    slots = std::move(*made);
    if (auto done = objects->publish(slots.all); !done)
    {
        fail(std::move(done.error()));
        co_return;
    }
    connection->start([this](Error error) {
        trouble = std::move(error);
        end();
    });
    fmt::print(stderr, "vmediad: {} is on {} with {} mount point{}\n",
               VirtualMedia::name, describe(options.address), slots.all.size(),
               slots.all.size() == 1 ? "" : "s");
}

/// Before anything was mounted.
void Daemon::fail(Error error)
{
    trouble = std::move(error);
    context.stop();
}

void Daemon::waitForSignal()
{
    signals.async_wait([this](const boost::system::error_code& error, int) {
        if (error)
        {
            return;
        }
        if (ending)
        {
            return giveUp("a second signal came");
        }
        end();
        waitForSignal();
    });
}

void Daemon::end()
{
    if (std::exchange(ending, true))
    {
        return;
    }
    objects->refuseMounts();
    objects->onChange([this] { stopIfReady(); });
    deadline.expires_after(endTime);
    deadline.async_wait([this](const boost::system::error_code& error) {
        if (!error)
        {
            giveUp(fmt::format("{} s are over", endTime.count()));
        }
    });
    for (const std::unique_ptr<Slot>& slot : slots.all)
    {
        slot->shutdown();
    }
    stopIfReady();
}

void Daemon::stopIfReady()
{
    // Later: who told of the change has more to do, and the signals about it
    // go out.
    if (notReady().empty())
    {
        asio::post(context, [this] { context.stop(); });
    }
}

void Daemon::giveUp(std::string_view why)
{
    trouble = Error{Errc::timeout,
                    fmt::format("not ended when {}: {}", why, notReady()),
                    {},
                    "the next start cleans up what is left"};
    context.stop();
}

/// "ISO0 (deactivating), …"
std::string Daemon::notReady() const
{
    std::string text;
    for (const std::unique_ptr<Slot>& slot : slots.all)
    {
        const Mount::State state = slot->view().mount.state;
        if (state != Mount::State::ready)
        {
            text += fmt::format("{}{} ({})", text.empty() ? "" : ", ",
                                slot->mountPoint().name, service::name(state));
        }
    }
    return text;
}

} // namespace

Result<void> runDaemon(const service::Config& config,
                       const DaemonOptions& options,
                       const SlotFactory& makeSlots)
{
    return Daemon(config, options).run(makeSlots);
}

} // namespace vmedia::bus
