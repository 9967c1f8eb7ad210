// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"
#include "vmedia/command/manual.hpp"
#include "vmedia/command/parse.hpp"
#include "vmedia/service/device_events.hpp"
#include "vmedia/service/make_slot.hpp"
#include "vmedia/service/recovery.hpp"
#include "vmedia/version.hpp"

#include <CLI/CLI.hpp>

namespace
{

using namespace vmedia;

constexpr command::Section manual[] = {
    {"D-Bus",
     "The name is xyz.openbmc_project.VirtualMedia. Below\n"
     "/xyz/openbmc_project/VirtualMedia, an object manager, each mount point "
     "is an object, Proxy/NAME or Legacy/NAME, with the interfaces Process, "
     "MountPoint and Stats, and Proxy or Legacy.\n\n"
     "Mount and Unmount return true at once, and the signal Completion tells "
     "the outcome: 0 or an errno. Or they return the error System.Error.EBUSY "
     "(another Mount or Unmount is under way), System.Error.EPERM (Mount where "
     "there is a medium, Unmount where there is none) or another of that kind. "
     "Unmount during a Mount cancels it, with ECANCELED.\n\n"
     "Mount of Legacy mode takes an image (s): https:// or smb://; or an "
     "image, whether the host may write, and a pipe (sbv with h, or sbh) in "
     "which user and password are, each with a zero byte after it. The int -1 "
     "in place of the pipe says that there are none.\n\n"
     "--compat=intel has EndpointId for EndPointId; Timeout and "
     "RemainingInactivityTimeout of type i; nbd0 for /dev/nbd0; no Mode, "
     "BlockSize and Stats."},
    {"Signals",
     "SIGTERM and SIGINT end what is mounted, and then vmediad; a second one "
     "ends it at once."},
    {"Files",
     "  /etc/virtual-media.json  mount points; JSON, comments are allowed\n"
     "  share/dbus-1/system.d/xyz.openbmc_project.VirtualMedia.conf\n"
     "                           who may call: root and the web server's group\n"
     "  /run/virtual-media       sockets, and the journal of what a crash "
     "leaves"},
    {"Exit status",
     "0 ended by a signal, 1 failed (the last line on stderr says why), 2 "
     "usage or configuration",
     true},
};

struct Behind
{
    service::Journal journal{};
    service::DeviceEvents events{};
};

boost::asio::awaitable<Result<bus::Slots>>
    makeSlots(boost::asio::any_io_executor executor,
              const service::Config& config, service::Slot::Listener& listener)
{
    auto recovered = co_await service::prepareRun(executor, config);
    if (!recovered)
    {
        co_return tl::unexpected(recovered.error());
    }
    for (const Error& trouble : recovered->troubles)
    {
        report("vmediad", trouble);
    }
    auto behind = std::make_shared<Behind>();
    behind->journal = std::move(recovered->journal);
    if (auto listening = behind->events.listen(executor); !listening)
    {
        co_return tl::unexpected(listening.error());
    }
    bus::Slots slots;
    slots.behind = behind;
    for (const service::MountPoint& point : config.mountPoints)
    {
        slots.all.push_back(service::makeSlot(executor, config, point,
                                              behind->journal, behind->events,
                                              listener));
    }
    co_return std::move(slots);
}

} // namespace

int main(int argc, char** argv)
{
    CLI::App app{"Shows images to the host as USB drives, as it is told over "
                 "D-Bus",
                 "vmediad"};
    app.set_version_flag("--version", versionText("vmediad"));
    bus::Options options;
    bus::addOptions(app, options);
    command::addManual(app, manual);
    try
    {
        app.parse(argc, argv);
        return bus::runOptions(options, makeSlots);
    }
    catch (const CLI::ParseError& error)
    {
        return command::parseFailed(app, error);
    }
    catch (const std::exception& error)
    {
        return report("vmediad", {Errc::io, error.what()});
    }
}
