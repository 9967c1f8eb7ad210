// SPDX-License-Identifier: Apache-2.0
#include "recovery.hpp"

#include "ledger.hpp"
#include "mount_action.hpp"
#include "mounted_share.hpp"
#include "nbd_device.hpp"
#include "vmedia/gadget/gadget.hpp"
#include "vmedia/process/background.hpp"
#include "vmedia/process/pidfd.hpp"

#include <fmt/format.h>
#include <sys/mount.h>
#include <unistd.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <utility>

namespace vmedia::service
{

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace
{

class Recovery
{
  public:
    Recovery(asio::any_io_executor e, const Config& c) :
        executor(std::move(e)), config(c)
    {}

    asio::awaitable<Result<void>> clean(Cleaning one);

  private:
    asio::awaitable<bool> endsInTime(process::Pidfd& process);
    asio::awaitable<Result<void>> end(process::Pidfd process);
    asio::awaitable<Result<void>> endProcess(ProcessId wanted);
    asio::awaitable<Result<void>> closeDevice(std::string name);
    asio::awaitable<Result<void>> unmountShare(std::string directory);
    asio::awaitable<Result<void>> inTime(std::function<Result<void>()> work);
    Result<void> removeFile(const std::string& file) const;
    Result<void> isOurs(const std::string& path) const;

    asio::any_io_executor executor;
    const Config& config;
};

Result<void> asResult(int error, const std::string& what)
{
    if (error != 0)
    {
        return failErrno(error, what);
    }
    return {};
}

asio::awaitable<Result<void>> Recovery::clean(Cleaning one)
{
    using What = Cleaning::What;
    Result<void> done;
    switch (one.what)
    {
        case What::removeGadget:
        {
            static constexpr std::string_view prefix = "vmedia-";
            const auto gadget = gadget::Gadget::named(
                {config.roots.configfs, config.roots.udcClass},
                one.target.starts_with(prefix)
                    ? std::string_view(one.target).substr(prefix.size())
                    : "");
            if (!gadget)
            {
                co_return tl::unexpected(gadget.error());
            }
            std::function<Result<void>()> work = [id = *gadget] {
                return id.remove();
            };
            done = co_await inTime(std::move(work));
            break;
        }
        case What::disconnectDevice:
            done = co_await closeDevice(one.target);
            break;
        case What::endProcess:
            done = co_await endProcess(one.process);
            break;
        case What::unmountShare:
            done = co_await unmountShare(one.target);
            break;
        case What::removeFile:
            done = removeFile(one.target);
            break;
    }
    co_return done;
}

/// A journal may be anybody's: no file is touched but where ours are.
Result<void> Recovery::isOurs(const std::string& path) const
{
    const bool isSocket = std::ranges::any_of(
        config.mountPoints,
        [&](const MountPoint& point) { return point.unixSocket == path; });
    if (isSocket || fs::path(path).parent_path() ==
                        fs::path(config.roots.runDirectory).lexically_normal())
    {
        return {};
    }
    return fail(Errc::usage, fmt::format("{} is not in {}", path,
                                         config.roots.runDirectory));
}

Result<void> Recovery::removeFile(const std::string& file) const
{
    if (Result<void> ours = isOurs(file); !ours)
    {
        return ours;
    }
    return asResult(::unlink(file.c_str()) < 0 && errno != ENOENT ? errno : 0,
                    file);
}

asio::awaitable<Result<void>>
    Recovery::inTime(std::function<Result<void>()> work)
{
    using namespace asio::experimental::awaitable_operators;
    asio::steady_timer timer(executor, grace);
    auto task = process::inBackground(std::move(work));
    auto late = timer.async_wait(asio::use_awaitable);
    auto first = co_await (std::move(task) || std::move(late));
    if (first.index() == 0)
    {
        Result<void> done = std::get<0>(first);
        co_return done;
    }
    co_return fail(Errc::timeout, "it took too long");
}

asio::awaitable<bool> Recovery::endsInTime(process::Pidfd& process)
{
    using namespace asio::experimental::awaitable_operators;
    asio::steady_timer timer(executor, grace);
    const auto first = co_await (process.wait() ||
                                 timer.async_wait(asio::use_awaitable));
    co_return first.index() == 0;
}

asio::awaitable<Result<void>> Recovery::end(process::Pidfd process)
{
    for (const int number : {SIGTERM, SIGKILL})
    {
        process.signal(number);
        const bool hasEnded = co_await endsInTime(process);
        if (hasEnded)
        {
            co_return Result<void>{};
        }
    }
    co_return fail(Errc::timeout,
                   fmt::format("process {} does not end", process.pid()));
}

asio::awaitable<Result<void>> Recovery::endProcess(ProcessId wanted)
{
    auto process = process::Pidfd::open(executor, wanted.pid);
    if (!process || identify(wanted.pid) != wanted)
    {
        co_return Result<void>{};
    }
    auto done = co_await end(std::move(*process));
    co_return done;
}

asio::awaitable<Result<void>> Recovery::closeDevice(std::string name)
{
    const NbdDevice device(config.roots, name);
    const std::optional<int> pid = device.servingPid();
    if (!pid && device.size() == 0)
    {
        co_return Result<void>{};
    }
    auto process = process::Pidfd::open(executor, pid.value_or(0));
    std::function<Result<void>()> work = [device] {
        return device.disconnect();
    };
    Result<void> done = co_await inTime(std::move(work));
    // Somebody else's by now, if the device says another pid.
    if (process && device.servingPid() == pid)
    {
        const bool hasEnded = co_await endsInTime(*process);
        if (!hasEnded)
        {
            done = co_await end(std::move(*process));
        }
    }
    if (device.isFree())
    {
        done = {};
    }
    else if (done)
    {
        done = failNumbered(EBUSY, fmt::format("{} is still in use", name));
    }
    co_return done;
}

asio::awaitable<Result<void>> Recovery::unmountShare(std::string directory)
{
    Result<void> done = isOurs(directory);
    if (!done)
    {
        co_return done;
    }
    for (const int flags : std::initializer_list<int>{0, MNT_DETACH})
    {
        std::function<Result<void>()> work = [directory, flags] {
            return asResult(unmountAndRemove(directory, flags), directory);
        };
        done = co_await inTime(std::move(work));
        if (done)
        {
            break;
        }
    }
    co_return done;
}

/// Takes what was cleaned out of the journal.
void forget(Belongings& one, const Cleaning& cleaned)
{
    using What = Cleaning::What;
    switch (cleaned.what)
    {
        case What::removeGadget:
            return one.gadget.clear();
        case What::disconnectDevice:
            return one.device.clear();
        case What::endProcess:
            (one.client == cleaned.process ? one.client : one.server).reset();
            return;
        case What::unmountShare:
            return one.share.clear();
        case What::removeFile:
            (one.socket == cleaned.target ? one.socket : one.secret).clear();
            return;
    }
}

/// What a boot leaves: files, if the run directory is one that stays.
void forgetProcesses(Belongings& one)
{
    one.gadget.clear();
    one.device.clear();
    one.client.reset();
    one.server.reset();
    one.share.clear();
}

Result<void> makeRunDirectory(const std::string& directory)
{
    std::error_code error;
    if (fs::create_directories(directory, error))
    {
        fs::permissions(directory, fs::perms::owner_all, error);
    }
    return asResult(error.value(), fmt::format("run directory {}", directory));
}

} // namespace

asio::awaitable<Result<Recovered>> prepareRun(asio::any_io_executor executor,
                                              const Config& config)
{
    if (const Result<void> made = makeRunDirectory(config.roots.runDirectory);
        !made)
    {
        co_return tl::unexpected(made.error());
    }
    LoadedJournal loaded = loadJournal(journalFile(config));
    Recovered recovered{.journal = loaded.journal};
    if (loaded.trouble)
    {
        recovered.troubles.push_back(std::move(*loaded.trouble));
    }
    const std::string boot = bootId();
    if (loaded.journal.boot != boot)
    {
        std::ranges::for_each(recovered.journal.all, forgetProcesses);
        recovered.journal.boot = boot;
    }
    Recovery recovery(executor, config);
    for (const Cleaning& one : cleaningOf(loaded.journal, boot))
    {
        const Result<void> done = co_await recovery.clean(one);
        const auto left = std::ranges::find(
            recovered.journal.all, one.mountPoint, &Belongings::mountPoint);
        if (!done)
        {
            recovered.troubles.push_back(
                during(fmt::format("what a vmediad before left of {}",
                                   one.mountPoint),
                       done.error())
                    .value());
        }
        else if (left != recovered.journal.all.end())
        {
            forget(*left, one);
        }
    }
    std::erase_if(recovered.journal.all,
                  [](const Belongings& one) { return one.empty(); });
    if (const Result<void> saved = saveJournal(journalFile(config),
                                               recovered.journal);
        !saved)
    {
        co_return tl::unexpected(saved.error());
    }
    co_return recovered;
}

} // namespace vmedia::service
