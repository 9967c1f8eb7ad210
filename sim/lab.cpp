// SPDX-License-Identifier: Apache-2.0
#include "lab.hpp"

#include "programs.hpp"
#include "vmedia/process/search.hpp"

#include <fmt/format.h>
#include <unistd.h>

namespace sim
{
namespace asio = boost::asio;
namespace fs = std::filesystem;
using vmedia::Result;
using vmedia::process::Child;

namespace
{

// Outside of the coroutines: g++ 12 destroys a braced list twice if it is in
// a coroutine's range-for, or in the operand of co_await.
constexpr Stage bmcStages[] = {Stage::bmcUserSpace, Stage::bmcListening};
constexpr Stage pushStages[] = {Stage::webSocketOpen, Stage::nbdNegotiated,
                                Stage::deviceSize, Stage::gadgetBound,
                                Stage::cableReady};

void addUsbPort(std::vector<std::string>& arguments, uint16_t port)
{
    arguments.insert(arguments.end(),
                     {"-device", "qemu-xhci", "-chardev",
                      fmt::format("socket,id=usb,host=127.0.0.1,port={}", port),
                      "-device", "usb-redir,chardev=usb,bootindex=1"});
}

std::vector<std::string> bmcDevices(const Images& images,
                                    const Secrets& secrets, bool interactive,
                                    const fs::path& folder)
{
    std::vector<std::string> devices{
        "-kernel", images.vmlinux, "-initrd", images.bmc, "-append",
        std::string(kernelArguments) + (interactive ? " vmedia.shell" : ""),
        "-virtfs",
        fmt::format("local,path={},mount_tag=lab,security_model=none,"
                    "readonly=on",
                    secrets.share.string()),
        // 192.0.2.0/24 is for examples (RFC 5737): it hides nobody's network.
        // Port 0: the system chooses, and QEMU tells.
        "-netdev",
        "user,id=n,net=192.0.2.0/24,restrict=on,"
        "hostfwd=tcp:127.0.0.1:0-:443,hostfwd=tcp:127.0.0.1:0-:4000",
        "-device", "virtio-net-pci,netdev=n,romfile="};
    if (interactive)
    {
        devices.emplace_back("-serial");
        devices.push_back(fmt::format("unix:{},server=on,wait=off",
                                      (folder / "bmc-shell.sock").string()));
    }
    return devices;
}

std::vector<std::string> readerDevices(const Images& images)
{
    return {"-kernel",   images.vmlinux, "-initrd",
            images.host, "-append",      kernelArguments};
}

} // namespace

Lab::Lab(std::shared_ptr<Run> r, Kernel k, Images i, AccelChoice a, Secrets s,
         Cache c) :
    kernel(std::move(k)), images(std::move(i)), accel(std::move(a)),
    secrets(std::move(s)), cache(std::move(c)), run(std::move(r))
{}

asio::awaitable<Result<Lab>> Lab::prepare(LabOptions options,
                                          std::shared_ptr<Run> run)
{
    Cache cache(Cache::defaultFolder());
    Result<Kernel> kernel = findKernel(options.kernel, cache.root());
    if (!kernel)
    {
        co_return tl::unexpected(kernel.error());
    }
    // Before minutes of work for a machine that could not start.
    Result<std::string> qemu =
        vmedia::process::findProgram("qemu-system-x86_64", "qemu-system-x86");
    if (!qemu)
    {
        co_return tl::unexpected(qemu.error());
    }
    if (!fs::exists(cache.root() / "images"))
    {
        run->say("making the machines' kernel and file systems: once, then "
                 "they are in " +
                 cache.root().string());
    }
    Result<Images> images = co_await makeImages(cache, *kernel, options.data);
    if (!images)
    {
        co_return vmedia::during("images of the VMs", images.error());
    }
    Result<AccelChoice> accel = co_await chooseAccel(options.accel, cache,
                                                     *images, run);
    if (!accel)
    {
        co_return tl::unexpected(accel.error());
    }
    Result<Secrets> secrets = co_await makeSecrets(run->folder());
    if (!secrets)
    {
        co_return tl::unexpected(secrets.error());
    }
    co_return Lab(std::move(run), *kernel, *images, *accel, *secrets, cache);
}

MachineOptions Lab::machine(std::string name, Source console)
{
    MachineOptions options;
    options.name = name;
    options.accel = accel.accel;
    options.folder = run->folder();
    options.console = run->log(console, name);
    options.stderrLog = run->log(Source::self, name + "-qemu");
    return options;
}

asio::awaitable<Result<void>> Lab::startBmc(bool interactive)
{
    MachineOptions options = machine("bmc", Source::bmc);
    bmcLog = options.console;
    options.spareMonitor = interactive;
    options.devices = bmcDevices(images, secrets, interactive, run->folder());
    Result<Machine> started = co_await Machine::start(std::move(options));
    if (!started)
    {
        co_return tl::unexpected(started.error());
    }
    bmc.emplace(std::move(*started));
    qemuVersion = bmc->version();
    run->mark(Stage::bmcPowered, "QEMU " + qemuVersion);
    Result<uint16_t> https = co_await bmc->forwarded(443);
    Result<uint16_t> usb = co_await bmc->forwarded(4000);
    if (!https || !usb)
    {
        co_return tl::unexpected(https ? usb.error() : https.error());
    }
    httpsPort = *https;
    usbPort = *usb;
    const std::vector<LogPtr> needed{bmcLog};
    for (Stage stage : bmcStages)
    {
        if (Result<void> there = co_await run->reach(stage, needed); !there)
        {
            co_return there;
        }
    }
    co_return Result<void>{};
}

std::string Lab::url() const
{
    return fmt::format("wss://127.0.0.1:{}/nbd/0", httpsPort);
}

std::vector<std::string> Lab::pushCommand(const fs::path& image) const
{
    return {"vmedia-nbd",
            "push",
            image,
            url(),
            "--user",
            secrets.user,
            "--password-file",
            secrets.passwordFile,
            "--ca-file",
            secrets.certificate};
}

asio::awaitable<Result<void>> Lab::push(fs::path image)
{
    auto executor = co_await asio::this_coro::executor;
    Result<fs::path> program = findOurs("vmedia-nbd");
    Result<LogPipe> pipe = openLogPipe(executor);
    if (!program || !pipe)
    {
        co_return tl::unexpected(program ? pipe.error() : program.error());
    }
    pushLog = run->log(Source::push, "push");
    pump(pipe->readEnd, pushLog);
    std::vector<std::string> argv = pushCommand(image);
    argv[0] = *program;
    Result<Child> child = Child::start(executor,
                                       {argv, -1, -1, pipe->writeEnd});
    ::close(pipe->writeEnd);
    if (!child)
    {
        co_return tl::unexpected(child.error());
    }
    pusher.emplace(std::move(*child));
    const std::vector<LogPtr> needed{pushLog, bmcLog};
    for (Stage stage : pushStages)
    {
        Result<void> there = co_await run->reach(stage, needed);
        if (!there)
        {
            co_return there;
        }
    }
    co_return Result<void>{};
}

asio::awaitable<std::string> Lab::stopPush()
{
    if (pusher)
    {
        co_await pusher->stop(std::chrono::seconds(5));
        while (!pushLog->closed()) // its end is the end of the pipe
        {
            co_await run->event().wait(Clock::now() + std::chrono::seconds(5));
        }
    }
    const std::vector<std::string> lines = pushLog ? pushLog->tail()
                                                   : std::vector<std::string>{};
    co_return lines.empty() ? std::string{} : lines.back();
}

asio::awaitable<Result<void>> Lab::plugIn(MachineOptions options)
{
    ++hosts;
    hostLog = options.console;
    options.memoryMiB = 1024;
    addUsbPort(options.devices, usbPort);
    Result<Machine> started = co_await Machine::start(std::move(options));
    if (!started)
    {
        run->blame(Stage::hostPowered, nullptr);
        co_return tl::unexpected(started.error());
    }
    host.emplace(std::move(*started));
    run->mark(Stage::hostPowered, "QEMU " + host->version());
    co_return Result<void>{};
}

asio::awaitable<Result<void>> Lab::startHost(bool interactive)
{
    const std::string name = hosts == 0 ? "host"
                                        : fmt::format("host-{}", hosts + 1);
    MachineOptions options = machine(name, Source::host);
    options.biosOnSerial = true;
    options.bios = run->log(Source::bios, name + "-bios");
    options.spareMonitor = interactive;
    co_return co_await plugIn(std::move(options));
}

asio::awaitable<Result<void>> Lab::startReader()
{
    MachineOptions options = machine("host-reader", Source::reader);
    options.devices = readerDevices(images);
    co_return co_await plugIn(std::move(options));
}

void Lab::stopHost()
{
    host.reset();
}

std::vector<LogPtr> Lab::alive() const
{
    std::vector<LogPtr> logs;
    for (const LogPtr& log : {hostLog, pushLog, bmcLog})
    {
        if (log)
        {
            logs.push_back(log);
        }
    }
    return logs;
}

} // namespace sim
