// SPDX-License-Identifier: Apache-2.0
#include "device_client.hpp"

#include "nbd_client.hpp"
#include "vmedia/process/background.hpp"
#include "vmedia/process/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <optional>
#include <utility>

namespace vmedia::service
{

namespace asio = boost::asio;
using What = Event::What;

namespace
{

constexpr size_t helpMax = 16384;
/// The kernel sets nbdN/pid without an event, after the size or before it.
constexpr std::chrono::milliseconds seekPeriod{50};

/// What `nbd-client -h` prints, on whichever of the two.
asio::awaitable<Result<std::string>> helpOf(asio::any_io_executor executor,
                                            std::string program)
{
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0)
    {
        co_return failErrno(errno, "a pipe for nbd-client's help");
    }
    asio::posix::stream_descriptor output(executor, ends[0]);
    auto child = process::Child::start(executor,
                                       {{program, "-h"}, -1, ends[1], ends[1]});
    ::close(ends[1]);
    if (!child)
    {
        co_return tl::unexpected(child.error());
    }
    std::string text(helpMax, '\0');
    auto [error, size] = co_await asio::async_read(
        output, asio::buffer(text), asio::as_tuple(asio::use_awaitable));
    text.resize(size);
    child->signal(SIGKILL); // it has printed all
    co_await child->wait();
    co_return text;
}

} // namespace

DeviceClient::DeviceClient(asio::any_io_executor e, Listener l, const Config& c,
                           const MountPoint& p, Ledger& j, const NbdDevice& d) :
    Part(std::move(e), std::move(l)), config(c), point(p), ledger(j), device(d)
{}

void DeviceClient::start(bool readOnly)
{
    begin(run(readOnly), What::clientFailed);
}

asio::awaitable<void> DeviceClient::run(bool readOnly)
{
    if (::access(device.path().c_str(), F_OK) < 0)
    {
        tell({.what = What::clientFailed,
              .number = ENODEV,
              .text = fmt::format("there is no {}; modprobe nbd",
                                  device.path())});
        co_return;
    }
    if (!device.isFree())
    {
        tell({.what = What::clientFailed,
              .number = EBUSY,
              .text = fmt::format("{} is in use by somebody else",
                                  device.path())});
        co_return;
    }
    const Result<std::string> help = co_await helpOf(executor,
                                                     config.programs.nbdClient);
    co_await checkpoint();
    if (!help)
    {
        tell(What::clientFailed, help.error());
        co_return;
    }
    ledger.write([this](Belongings& mine) { mine.device = device.name(); });
    const ClientOptions options{.program = config.programs.nbdClient,
                                .socket = point.unixSocket,
                                .device = device.path(),
                                .timeout = point.timeout,
                                .blockSize = point.blockSize,
                                .readOnly = readOnly};
    auto started = Program::start(
        executor, {.argv = clientCommand(options, clientAbilities(*help))},
        [weak = weak_from_this()](int status, const std::string& last) {
        const auto self = weak.lock();
        if (!self)
        {
            return;
        }
        auto& client = static_cast<DeviceClient&>(*self);
        client.program.reset();
        client.ledger.write([](Belongings& mine) { mine.client.reset(); });
        client.tell(
            {.what = What::clientExited, .number = status, .text = last});
    });
    if (!started)
    {
        tell(What::clientFailed, started.error());
        co_return;
    }
    program = std::move(*started);
    ledger.write(
        [this](Belongings& mine) { mine.client = identify(program->pid()); });
}

void DeviceClient::find()
{
    begin(seek(), What::clientLost);
}

asio::awaitable<void> DeviceClient::seek()
{
    asio::steady_timer timer(executor);
    while (!moved)
    {
        const std::optional<int> pid = device.servingPid();
        auto process = process::Pidfd::open(executor, pid.value_or(0));
        if (device.servingPid() != pid)
        {
            continue; // the process may be one that got this pid later
        }
        if (pid && process && !process->hasEnded())
        {
            moved = std::make_shared<process::Pidfd>(std::move(*process));
        }
        else if (pid)
        {
            co_return tell({.what = What::clientLost,
                            .text = fmt::format("process {}, which served {}, "
                                                "has ended",
                                                *pid, device.name())});
        }
        else if (device.size() == 0)
        {
            co_return tell({.what = What::clientLost});
        }
        else
        {
            timer.expires_after(seekPeriod);
            co_await timer.async_wait(asio::use_awaitable);
        }
    }
    ledger.write(
        [this](Belongings& mine) { mine.client = identify(moved->pid()); });
    tell({.what = What::clientMoved});
    while (!moved->hasEnded())
    {
        co_await moved->wait();
        co_await checkpoint();
    }
    moved.reset();
    if (!isForgotten()) // else it is the next medium's
    {
        ledger.write([](Belongings& mine) { mine.client.reset(); });
    }
    tell({.what = What::clientLost});
}

void DeviceClient::signal(int number)
{
    if (moved)
    {
        return moved->signal(number);
    }
    if (program)
    {
        return program->signal(number);
    }
    cancel(); // it was not started yet
    tell({.what = What::clientFailed, .number = ECANCELED});
}

void DeviceClient::disconnect()
{
    const auto work = [](NbdDevice nbd) -> asio::awaitable<void> {
        std::function<Result<void>()> call = [nbd] { return nbd.disconnect(); };
        const auto done = co_await process::inBackground(std::move(call));
        if (!done)
        {
            fmt::print(stderr, "vmediad: {}\n", describe(done.error()));
        }
    };
    asio::co_spawn(executor, work(device), asio::detached);
}

} // namespace vmedia::service
