// SPDX-License-Identifier: Apache-2.0
#include "guest.hpp"

#include "initramfs.hpp"
#include "programs.hpp"
#include "report.hpp"
#include "signals.hpp"
#include "vmedia/process/search.hpp"

#include <fmt/format.h>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <charconv>

namespace sim
{
namespace asio = boost::asio;
namespace fs = std::filesystem;
using vmedia::Errc;
using vmedia::Result;

namespace
{

constexpr std::string_view beginText = "vmedia-guest: begin";
constexpr std::string_view statusText = "vmedia-guest: status ";

/// What the console said so far.
struct Progress
{
    bool begun = false;
    std::optional<int> status{};
    std::optional<std::string> trouble{};

    /// True for a line of the script's.
    bool take(const std::string& line)
    {
        if (!trouble)
        {
            trouble = findTrouble(Source::bmc, line);
        }
        if (line.starts_with(statusText))
        {
            int number = 1;
            std::from_chars(line.data() + statusText.size(),
                            line.data() + line.size(), number);
            status = number;
        }
        const bool script = begun && !status;
        begun = begun || line == beginText;
        return script;
    }
};

Result<fs::path> findProgram(const std::string& program)
{
    std::error_code error;
    if (program.find('/') != std::string::npos && fs::exists(program, error))
    {
        return program;
    }
    Result<fs::path> found = findOurs(program);
    if (!found)
    {
        found.error().hint = "install it, or give its path";
    }
    return found;
}

asio::awaitable<Result<fs::path>> makeInitramfs(GuestOptions options,
                                                Cache cache, Kernel kernel)
{
    Initramfs image;
    for (const std::string& program : options.programs)
    {
        Result<fs::path> found = findProgram(program);
        if (!found)
        {
            co_return tl::unexpected(found.error());
        }
        const std::string inside = "usr/bin/" + found->filename().string();
        Result<void> added = co_await image.addProgram(inside, *found);
        if (!added)
        {
            co_return tl::unexpected(added.error());
        }
    }
    std::vector<std::string> modules = options.modules;
    if (!options.share.empty())
    {
        modules.insert(modules.begin(), {"virtio_pci", "9pnet_virtio", "9p"});
    }
    Result<void> done = co_await image.addBusybox();
    done = done ? image.addModules(kernel, modules) : done;
    const Result<fs::path> init = findData("guest-init.sh", options.lab.data);
    if (!init)
    {
        co_return tl::unexpected(init.error());
    }
    done = done ? image.files.file("init", *init, 0755) : done;
    done = done ? image.files.file("script", options.script, 0755) : done;
    if (!done)
    {
        co_return tl::unexpected(done.error());
    }
    const std::string archive = image.files.archive();
    fs::path path = cache.path(sha256(archive), "guest.cpio");
    done = cache.put(path, archive);
    co_return done.map([&] { return std::move(path); });
}

MachineOptions machineFor(const GuestOptions& options, const Images& images,
                          const fs::path& initramfs)
{
    const bool share = !options.share.empty();
    MachineOptions machine;
    machine.name = "guest";
    machine.devices = {
        "-kernel",
        images.vmlinux,
        "-initrd",
        initramfs,
        "-append",
        fmt::format("{}{}", kernelArguments, share ? " vmedia.share" : "")};
    if (share)
    {
        machine.devices.insert(
            machine.devices.end(),
            {"-virtfs",
             fmt::format("local,path={},mount_tag=share,security_model=none,"
                         "readonly=on",
                         fs::absolute(options.share).string())});
    }
    return machine;
}

asio::awaitable<Result<int>>
    runScript(GuestOptions options, std::shared_ptr<Run> run, std::ostream& out)
{
    std::error_code error;
    for (const fs::path& needed : {options.script, options.share})
    {
        if (!needed.empty() && !fs::exists(needed, error))
        {
            co_return vmedia::fail(Errc::usage,
                                   needed.string() + " does not exist");
        }
    }
    Cache cache(Cache::defaultFolder());
    Result<Kernel> kernel = findKernel(options.lab.kernel, cache.root());
    Result<std::string> qemu =
        vmedia::process::findProgram("qemu-system-x86_64", "qemu-system-x86");
    if (!kernel || !qemu)
    {
        co_return tl::unexpected(kernel ? qemu.error() : kernel.error());
    }
    Result<Images> images = co_await makeImages(cache, *kernel,
                                                options.lab.data);
    if (!images)
    {
        co_return vmedia::during("images of the VMs", images.error());
    }
    Result<fs::path> initramfs = co_await makeInitramfs(options, cache,
                                                        *kernel);
    if (!initramfs)
    {
        co_return vmedia::during("image of the guest", initramfs.error());
    }
    Result<AccelChoice> accel = co_await chooseAccel(options.lab.accel, cache,
                                                     *images, run);
    if (!accel)
    {
        co_return tl::unexpected(accel.error());
    }

    auto executor = co_await asio::this_coro::executor;
    auto progress = std::make_shared<Progress>();
    auto event = std::make_shared<Event>(executor);
    const fs::path logs = options.lab.logs.empty() ? run->folder()
                                                   : options.lab.logs;
    const auto start = Clock::now();
    const LogPtr console = std::make_shared<Log>(
        "guest", logs, start,
        [progress, event, &out](const std::string& line, bool whole) {
        if (whole && progress->take(line))
        {
            out << line << std::endl;
        }
        event->notify();
    });
    MachineOptions with = machineFor(options, *images, *initramfs);
    with.accel = accel->accel;
    with.folder = run->folder();
    with.console = console;
    with.stderrLog = std::make_shared<Log>("guest-qemu", logs, start,
                                           [](const std::string&, bool) {});
    Result<Machine> machine = co_await Machine::start(std::move(with));
    if (!machine)
    {
        co_return tl::unexpected(machine.error());
    }
    const auto deadline = start +
                          std::chrono::duration_cast<Clock::duration>(
                              options.timeout * options.lab.timeoutScale);
    while (!progress->status && !progress->trouble && !console->closed() &&
           Clock::now() < deadline)
    {
        co_await event->wait(deadline);
    }
    if (progress->status)
    {
        co_return *progress->status;
    }
    run->blame(Stage::bmcUserSpace, console);
    const std::string_view where = progress->begun ? "in the script"
                                                   : "before the script began";
    if (progress->trouble)
    {
        co_return vmedia::fail(
            Errc::child,
            fmt::format("the guest says '{}' {}", *progress->trouble, where));
    }
    if (console->closed())
    {
        co_return vmedia::fail(Errc::child,
                               fmt::format("the guest ended {}", where));
    }
    co_return vmedia::fail(
        Errc::timeout,
        fmt::format("the guest was still {} after {:.0f} s", where,
                    static_cast<double>(options.timeout.count()) *
                        options.lab.timeoutScale),
        "give it more with --timeout");
}

} // namespace

asio::awaitable<int> runGuest(GuestOptions options, std::ostream& out,
                              std::ostream& err)
{
    using namespace asio::experimental::awaitable_operators;
    auto executor = co_await asio::this_coro::executor;
    Run::Options runOptions;
    runOptions.logs = options.lab.logs;
    auto run = Run::make(executor, runOptions, out);
    auto first = co_await (runScript(options, run, out) || untilSignal());
    if (first.index() == 1)
    {
        err << "vmedia-sim: ended by " << std::get<1>(first).name << std::endl;
        co_return std::get<1>(first).status;
    }
    const Result<int>& result = std::get<0>(first);
    if (result)
    {
        co_return *result;
    }
    tellFailure(err, vmedia::describe(result.error()), run->failedLog(),
                options.lab.logs);
    co_return result.error().code == Errc::usage ? 2 : 1;
}

} // namespace sim
