// SPDX-License-Identifier: Apache-2.0
#include "accel.hpp"

#include "cpio.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <fstream>

namespace sim
{
namespace fs = std::filesystem;
using vmedia::Errc;
using vmedia::Result;

namespace
{

std::vector<std::string> probeDevices(const Images& images)
{
    return {"-kernel", images.vmlinux,
            "-initrd", images.bmc,
            "-append", std::string(kernelArguments) + " vmedia.probe"};
}

boost::asio::awaitable<bool> probeBoots(Images images, std::shared_ptr<Run> run)
{
    using namespace boost::asio::experimental::awaitable_operators;
    auto executor = co_await boost::asio::this_coro::executor;
    auto said = std::make_shared<bool>(false);
    auto event = std::make_shared<Event>(executor);
    const auto start = Clock::now();
    MachineOptions options;
    options.name = "probe";
    options.accel = Accel::kvm;
    options.folder = run->folder();
    options.console =
        std::make_shared<Log>("probe", run->folder(), start,
                              [said, event](const std::string& line, bool) {
        *said = *said || line.starts_with("vmedia-bmc: probe");
        event->notify();
    });
    options.stderrLog = std::make_shared<Log>(
        "probe-qemu", run->folder(), start, [](const std::string&, bool) {});
    options.devices = probeDevices(images);
    const auto deadline = start + std::chrono::seconds(10);
    boost::asio::steady_timer timer(executor, deadline);
    auto first = co_await (Machine::start(options) ||
                           timer.async_wait(boost::asio::use_awaitable));
    if (first.index() == 1 || !std::get<0>(first))
    {
        co_return false;
    }
    while (!*said && !options.console->closed() && Clock::now() < deadline)
    {
        co_await event->wait(deadline);
    }
    co_return *said;
}

std::string bootId()
{
    std::string id;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> id;
    return id;
}

} // namespace

boost::asio::awaitable<Result<AccelChoice>>
    chooseAccel(std::string wanted, Cache cache, Images images,
                std::shared_ptr<Run> run)
{
    if (wanted == "tcg")
    {
        co_return AccelChoice{Accel::tcg, "TCG (--accel tcg)"};
    }
    std::string problem;
    if (::access("/dev/kvm", R_OK | W_OK) != 0)
    {
        problem = fmt::format("/dev/kvm: {}",
                              std::generic_category().message(errno));
    }
    else
    {
        const fs::path remembered = cache.root() / "kvm-probe";
        std::string id;
        std::string answer;
        std::ifstream(remembered) >> id >> answer;
        const bool known = id == bootId() && !answer.empty();
        if (!known)
        {
            run->say("trying whether KVM runs a guest here: 10 s at most, once "
                     "until this machine boots again");
            const bool boots = co_await probeBoots(images, run);
            answer = boots ? "yes" : "no";
            std::ofstream(remembered) << bootId() << " " << answer << "\n";
        }
        if (answer != "yes")
        {
            problem = fmt::format("a probe guest did not boot within 10 s{}",
                                  known ? ", tried earlier" : "");
        }
    }
    if (problem.empty())
    {
        co_return AccelChoice{Accel::kvm, "KVM (a probe guest booted)"};
    }
    if (wanted == "kvm")
    {
        co_return vmedia::fail(Errc::usage, "KVM does not work: " + problem,
                               "--accel tcg works everywhere, slower");
    }
    co_return AccelChoice{Accel::tcg, fmt::format("TCG (KVM: {})", problem)};
}

} // namespace sim
