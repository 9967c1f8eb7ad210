// SPDX-License-Identifier: Apache-2.0
#include "stages.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace sim
{
using namespace std::chrono_literals;
using enum Stage;

namespace
{

// clang-format off: a table
constexpr std::array<StageInfo, 14> stages{{
    {bmcPowered, "bmc-powered", "BMC: power on", Source::self,
     "QEMU's QMP greeting", "the BMC did not power on", 30s},
    {bmcUserSpace, "bmc-user-space", "BMC: user space", Source::bmc,
     "vmedia-bmc: user space", "the BMC did not boot", 90s},
    {bmcListening, "bmc-listening", "BMC: vmedia-httpd listens", Source::bmc,
     "vmedia-httpd: listening on", "vmedia-httpd did not start", 60s},
    {webSocketOpen, "websocket-open", "WebSocket open", Source::push,
     "WebSocket open", "the WebSocket did not open", 30s},
    {nbdNegotiated, "nbd-negotiated", "NBD negotiated", Source::push,
     "NBD negotiated", "nbd-client and vmedia-nbd did not agree", 30s},
    {deviceSize, "device-size", "BMC: /dev/nbd0 has its size", Source::bmc,
     "nbd-proxy: /dev/nbd0 has ", "/dev/nbd0 did not get a size", 30s},
    {gadgetBound, "gadget-bound", "BMC: USB gadget bound", Source::bmc,
     "state: gadget ", "the state hook did not bind a USB gadget", 30s},
    {cableReady, "cable-ready", "BMC: USB cable ready", Source::bmc,
     "vmedia-bmc: usb cable ready", "usbredirect did not take the gadget", 60s},
    {hostPowered, "host-powered", "host: power on", Source::self,
     "QEMU's QMP greeting", "the host did not power on", 30s},
    {hostEnumerates, "host-enumerates", "host: BIOS sees the medium", Source::bios,
     "USB MSC vendor=", "the host's BIOS did not see the medium", 60s},
    {biosBoots, "bios-boots", "host: BIOS boots it", Source::bios,
     "Booting from ", "the BIOS did not boot it", 60s},
    {loader, "loader", "host: boot loader", Source::host,
     "ISOLINUX", "the boot loader said nothing", 60s},
    {userSpace, "user-space", "host: user space", Source::host,
     "vmedia-host: user space", "the host did not reach user space", 180s},
    {mediumRead, "medium-read", "host: whole medium read", Source::host,
     "vmedia-host: sha256 ", "the host did not read the medium to its end", 60s},
}};
// clang-format on

/// "Booting from 0000:7c00": SeaBIOS found a boot sector and jumps to it.
bool isJump(std::string_view line)
{
    constexpr std::string_view prefix = "Booting from ";
    line.remove_prefix(prefix.size());
    return line.size() >= 9 && line[4] == ':' &&
           std::ranges::all_of(line.substr(0, 4), [](unsigned char c) {
        return std::isxdigit(c) != 0;
    });
}

/// What SeaBIOS prints before it jumps, or when it cannot.
constexpr std::array<std::string_view, 7> biosTexts{
    "SeaBIOS (version ", "Machine UUID ", "iPXE ",
    "Press ESC ",        "Booting from ", "Boot failed: ",
    "No bootable device"};

bool provesLoader(std::string_view line, const Expectation& expectation)
{
    if (expectation.ownImage)
    {
        return line.find("ISOLINUX") != std::string_view::npos;
    }
    // The first text that is not the BIOS's own, whole or half printed.
    return line.find_first_not_of(" \t") != std::string_view::npos &&
           std::ranges::none_of(biosTexts, [&](std::string_view text) {
        return line.starts_with(text) || text.starts_with(line);
    });
}

bool provesUserSpace(std::string_view line, const Expectation& expectation)
{
    if (expectation.ownImage)
    {
        return line.starts_with(info(userSpace).evidence);
    }
    return !expectation.text.empty() &&
           line.find(expectation.text) != std::string_view::npos;
}

} // namespace

std::span<const StageInfo> allStages()
{
    return stages;
}

const StageInfo& info(Stage stage)
{
    return stages.at(static_cast<size_t>(stage));
}

std::string_view name(Source source)
{
    constexpr std::array<std::string_view, 6> names{
        "bmc", "push", "vmedia-sim", "host-bios", "host", "host-reader"};
    return names.at(static_cast<size_t>(source));
}

std::optional<Stage> recognise(Source source, std::string_view line,
                               const Expectation& expectation)
{
    if (source == Source::host && provesUserSpace(line, expectation))
    {
        return userSpace;
    }
    if (source == Source::host || source == Source::reader)
    {
        if (line.starts_with(info(mediumRead).evidence))
        {
            return mediumRead;
        }
        return source == Source::host && provesLoader(line, expectation)
                   ? std::optional(loader)
                   : std::nullopt;
    }
    for (const StageInfo& candidate : stages)
    {
        if (candidate.source == source &&
            line.find(candidate.evidence) != std::string_view::npos)
        {
            switch (candidate.stage)
            {
                case biosBoots:
                    return line.starts_with(candidate.evidence) && isJump(line)
                               ? std::optional(biosBoots)
                               : std::nullopt;
                case gadgetBound:
                    return line.find(" bound to ") != std::string_view::npos
                               ? std::optional(gadgetBound)
                               : std::nullopt;
                default:
                    return candidate.stage;
            }
        }
    }
    return std::nullopt;
}

std::optional<std::string> findTrouble(Source source, std::string_view line)
{
    using Texts = std::span<const std::string_view>;
    // "Unexpected reply": the nbd driver lost count, see openbmc/linux#204.
    static constexpr std::array<std::string_view, 6> kernel{
        "Kernel panic",     "BUG: ",
        "Oops: ",           "WARNING: CPU",
        "Unexpected reply", "blocked for more than"};
    static constexpr std::array<std::string_view, 3> bmc{
        "vmedia-bmc: the lab share does not mount",
        "vmedia-bmc: vmedia-httpd ended with status", "not found in kernel"};
    static constexpr std::array<std::string_view, 2> host{
        "vmedia-host: no medium", "vmedia-host: read error"};
    static constexpr std::array<std::string_view, 2> bios{"Boot failed: ",
                                                          "No bootable device"};
    auto find = [&](Texts texts) {
        return std::ranges::any_of(texts, [&](std::string_view text) {
            return line.find(text) != std::string_view::npos;
        });
    };
    const bool isHost = source == Source::host || source == Source::reader;
    if (((source == Source::bmc || isHost) && find(kernel)) ||
        (source == Source::bmc && find(bmc)) || (isHost && find(host)) ||
        (source == Source::host && find(bios)))
    {
        return std::string(line);
    }
    return std::nullopt;
}

} // namespace sim
