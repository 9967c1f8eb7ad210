// SPDX-License-Identifier: Apache-2.0
#include "gadget.hpp"
#include "vmedia/command/manual.hpp"
#include "vmedia/command/parse.hpp"
#include "vmedia/version.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>

namespace
{

using namespace vmedia;

struct Options
{
    std::string action{};
    std::string name{};
};

constexpr command::Section manual[] = {
    {"Environment",
     "  NBD_DEVICE  what to show; nbd-proxy sets it. Needed by start\n"
     "  NBD_SIZE    its size in bytes, likewise; else the device is asked\n"
     "  READONLY    0 lets the host write; 1, the default, does not\n"
     "  MEDIA_KIND  cdrom or disk; auto, the default, looks for ISO 9660\n"
     "  CONFIGFS    where configfs is mounted: /sys/kernel/config\n"
     "  UDC_CLASS   where the USB device controllers are: /sys/class/udc",
     true},
    {"Gadgets",
     "Each NAME has its own gadget, vmedia-NAME, so that one medium's end never "
     "touches another medium. It is bound to the first USB device controller "
     "that is free. A medium with an ISO 9660 file system is shown as a CD-ROM, "
     "unless it is too large or too small for one: the kernel's holds 600 KiB "
     "to 2.2 GiB.\n\n"
     "nbd-proxy runs this as its hook: link SYSCONFDIR/nbd-proxy/state to it."},
    {"Exit status",
     "0 done, or nothing to take away; 1 failed, and nothing is left; 2 usage",
     true},
};

/// One that is empty counts as one that is not set, as in the shell.
std::string environment(const char* name, const char* otherwise = "")
{
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' ? value : otherwise;
}

Result<uint64_t> sizeFor(const std::string& device)
{
    const std::string text = environment("NBD_SIZE");
    if (text.empty())
    {
        Result<uint64_t> size = gadget::sizeOfMedium(device);
        if (!size)
        {
            size.error().hint = "set NBD_SIZE to its bytes";
        }
        return size;
    }
    uint64_t size = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, size);
    if (error != std::errc{} || rest != end)
    {
        return fail(Errc::io, fmt::format("size of {} is '{}'", device, text),
                    "set NBD_SIZE to its bytes");
    }
    return size;
}

Result<gadget::MediaKind> kindFor(const std::string& device, uint64_t size)
{
    const std::string text = environment("MEDIA_KIND", "auto");
    const auto wanted = gadget::parseWantedKind(text);
    if (!wanted)
    {
        return fail(Errc::io, fmt::format("MEDIA_KIND is '{}', wanted auto, "
                                          "cdrom or disk",
                                          text));
    }
    return gadget::kindOfMedium(device, *wanted, size);
}

Result<void> start(const gadget::Gadget& gadget, const gadget::Roots& roots)
{
    gadget::Drive drive;
    drive.device = environment("NBD_DEVICE");
    if (drive.device.empty())
    {
        return fail(
            Errc::io, "NBD_DEVICE is not set",
            fmt::format("nbd-proxy sets it, by hand: NBD_DEVICE=/dev/nbd0 "
                        "state start {}",
                        gadget.name()));
    }
    if (::access(drive.device.c_str(), R_OK) != 0)
    {
        return failErrno(
            errno, fmt::format("cannot read NBD_DEVICE {}", drive.device));
    }
    if (Result<void> there = gadget::needGadgets(roots); !there)
    {
        return there;
    }
    const std::string readOnly = environment("READONLY", "1");
    if (readOnly != "0" && readOnly != "1")
    {
        return fail(Errc::io,
                    fmt::format("READONLY is '{}', wanted 0 or 1", readOnly));
    }
    drive.readOnly = readOnly == "1";
    const Result<uint64_t> size = sizeFor(drive.device);
    if (!size)
    {
        return tl::unexpected(size.error());
    }
    const auto kind = kindFor(drive.device, *size);
    if (!kind)
    {
        return tl::unexpected(kind.error());
    }
    drive.kind = *kind;
    const Result<gadget::Bound> bound = gadget.start(drive);
    if (!bound)
    {
        return tl::unexpected(bound.error());
    }
    if (!bound->absent.empty())
    {
        fmt::print(stderr, "state: this kernel has no {}\n",
                   fmt::join(bound->absent, ", no "));
    }
    fmt::print("state: gadget {} bound to {} as {} ({} bytes)\n", gadget.id(),
               bound->controller, gadget::nameOf(*kind), *size);
    return {};
}

/// As for a mistake in the options, but how it is used fits into the line.
int usage(std::string_view what)
{
    return report(
        "state",
        {Errc::usage, std::string(what), {}, "usage: state start|stop NAME"});
}

int run(const Options& o)
{
    const gadget::Roots roots{environment("CONFIGFS", "/sys/kernel/config"),
                              environment("UDC_CLASS", "/sys/class/udc")};
    const auto gadget = gadget::Gadget::named(roots, o.name);
    if (!gadget)
    {
        return usage(gadget.error().what);
    }
    if (o.action != "start" && o.action != "stop")
    {
        return usage(fmt::format("'{}' is neither start nor stop", o.action));
    }
    const Result<void> done = o.action == "start" ? start(*gadget, roots)
                                                  : gadget->remove();
    return done ? 0 : report("state", done.error());
}

} // namespace

int main(int argc, char** argv)
{
    CLI::App app{"Shows a block device to the host as a USB drive; nbd-proxy's "
                 "state hook",
                 "state"};
    app.set_version_flag("--version", vmedia::versionText("state"));
    Options options;
    app.add_option("ACTION", options.action,
                   "start: make the gadget vmedia-NAME and bind it; stop: take "
                   "it away, nothing to take away is no error");
    app.add_option("NAME", options.name,
                   "The medium: 1 to 64 letters, digits, . _ -");
    command::addManual(app, manual);
    // Counted here and not by CLI11: a hook's one line says how it is used.
    const std::vector<std::string_view> words(argv + 1, argv + argc);
    const bool plain = std::ranges::none_of(
        words, [](std::string_view word) { return word.starts_with('-'); });
    if (plain && words.size() != 2)
    {
        return usage(fmt::format("{} arguments", words.size()));
    }
    try
    {
        app.parse(argc, argv);
        return run(options);
    }
    catch (const CLI::ParseError& error)
    {
        return command::parseFailed(app, error);
    }
    catch (const std::exception& error)
    {
        return report("state", {Errc::io, error.what()});
    }
}
