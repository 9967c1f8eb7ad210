// SPDX-License-Identifier: Apache-2.0
#include "boot.hpp"
#include "guest.hpp"
#include "up.hpp"
#include "vmedia/command/manual.hpp"
#include "vmedia/command/parse.hpp"
#include "vmedia/version.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <csignal>
#include <cstdio>
#include <iostream>

namespace
{

constexpr const char* about =
    "Emulated hardware for virtual media: a BMC and a host as QEMU machines,\n"
    "with real kernels, USB gadgets and a BIOS between them.";

/// How wide a row of the timeline may be.
size_t terminalColumns()
{
    winsize size{};
    return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40
               ? size.ws_col
               : 120;
}

void addLab(CLI::App* cmd, sim::LabOptions& o)
{
    cmd->add_option("--accel", o.accel,
                    "auto: KVM if a probe guest boots with it, else TCG")
        ->check(CLI::IsMember({"auto", "kvm", "tcg"}))
        ->capture_default_str();
    cmd->add_option("--kernel", o.kernel,
                    "An unpacked linux-image-amd64; default: what "
                    "ci/fetch-kernel fetched")
        ->type_name("DIR");
    cmd->add_option("--data", o.data, "Where bmc-init.sh and host-init.sh are")
        ->type_name("DIR");
    cmd->add_option("--logs", o.logs, "Keep all consoles here")
        ->type_name("DIR");
    cmd->add_option("--timeout-scale", o.timeoutScale,
                    "Multiplies every deadline; for slow machines")
        ->check(CLI::PositiveNumber)
        ->envname("VMEDIA_TIMEOUT_SCALE")
        ->capture_default_str();
}

template <typename Task>
int runTask(Task task)
{
    boost::asio::io_context context(1);
    int status = 1;
    boost::asio::co_spawn(context, std::move(task),
                          [&](std::exception_ptr problem, int result) {
        status = result;
        context.stop();
        if (problem)
        {
            std::rethrow_exception(problem);
        }
    });
    context.run();
    return status;
}

} // namespace

int main(int argc, char** argv)
{
    CLI::App app{about, "vmedia-sim"};
    app.set_version_flag("--version", vmedia::versionText("vmedia-sim"));
    app.require_subcommand(1);

    sim::BootOptions boot;
    CLI::App* bootCommand = app.add_subcommand(
        "boot", "Boot a host from an image, through the whole chain");
    bootCommand
        ->add_option("image", boot.image,
                     "CD or disk image; default: a small CD of our own")
        ->type_name("IMAGE");
    bootCommand
        ->add_option("--expect", boot.expect,
                     "A text on the serial console that proves that "
                     "IMAGE's system runs")
        ->type_name("TEXT");
    bootCommand->add_option("--json", boot.json, "Write a report")
        ->type_name("FILE");
    addLab(bootCommand, boot.lab);
    bootCommand->footer("Exit: 0 booted and every byte equal, 1 not, 2 cannot "
                        "be tried, 130 Ctrl-C");

    sim::UpOptions up;
    CLI::App* upCommand = app.add_subcommand(
        "up", "Leave a BMC running, to plug media in by hand");
    upCommand->add_flag("--host", up.host,
                        "Start a host whenever a medium is plugged in");
    addLab(upCommand, up.lab);
    upCommand->footer("Ctrl-C ends it, and everything that it started");

    sim::GuestOptions guest;
    CLI::App* guestCommand = app.add_subcommand(
        "guest", "Run a shell script as root in one machine of its own");
    guestCommand->add_option("script", guest.script, "For busybox's sh")
        ->type_name("SCRIPT")
        ->required();
    guestCommand
        ->add_option("--program", guest.programs,
                     "Put it into the machine, with its libraries: a path, or "
                     "a name of ours or on PATH; may be repeated")
        ->allow_extra_args(false)
        ->type_name("PROGRAM");
    guestCommand
        ->add_option("--module", guest.modules,
                     "Load this module, such as 'nbd nbds_max=4'; may be "
                     "repeated")
        ->allow_extra_args(false)
        ->type_name("MODULE");
    guestCommand
        ->add_option("--share", guest.share,
                     "The machine's /lab, which it can only read")
        ->type_name("DIR");
    auto guestSeconds = static_cast<unsigned>(guest.timeout.count());
    guestCommand
        ->add_option("--timeout", guestSeconds, "For all of it, in seconds")
        ->check(CLI::Range(1U, 86400U))
        ->capture_default_str();
    addLab(guestCommand, guest.lab);
    guestCommand->footer("Exit: as the script; 1 it did not come to its end, 2 "
                         "cannot be tried, 130 Ctrl-C");

    vmedia::command::addManual(app);
    try
    {
        app.parse(argc, argv);
        boot.columns = up.columns = terminalColumns();
        boot.terminal = ::isatty(STDOUT_FILENO) == 1;
        guest.timeout = std::chrono::seconds(guestSeconds);
        for (const auto& logs : {boot.lab.logs, up.lab.logs, guest.lab.logs})
        {
            if (!logs.empty())
            {
                std::filesystem::create_directories(logs);
            }
        }
        std::signal(SIGPIPE, SIG_IGN);
        if (guestCommand->parsed())
        {
            return runTask(sim::runGuest(guest, std::cout, std::cerr));
        }
        return bootCommand->parsed()
                   ? runTask(sim::runBoot(boot, std::cout, std::cerr))
                   : runTask(sim::runUp(up, std::cout, std::cerr));
    }
    catch (const CLI::ParseError& error)
    {
        return vmedia::command::parseFailed(app, error);
    }
    catch (const std::exception& error) // a full disk, no more descriptors
    {
        std::cerr << "vmedia-sim: " << error.what() << "\n";
        return 1;
    }
}
