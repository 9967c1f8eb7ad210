// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sim
{

/// The hops of a boot from virtual media, in the order in which they happen.
enum class Stage : uint8_t
{
    bmcPowered,
    bmcUserSpace,
    bmcListening,
    webSocketOpen,
    nbdNegotiated,
    deviceSize,
    gadgetBound,
    cableReady,
    hostPowered,
    hostEnumerates,
    biosBoots,
    loader,
    userSpace,
    mediumRead,
};

/// Who prints the evidence.
enum class Source : uint8_t
{
    bmc,    ///< serial console of the BMC
    push,   ///< vmedia-nbd push
    self,   ///< vmedia-sim
    bios,   ///< debug console of the host's SeaBIOS
    host,   ///< serial console of the host that boots the medium
    reader, ///< serial console of the host that only reads it
};

struct StageInfo
{
    Stage stage;
    std::string_view id;           ///< in JSON; never used for another meaning
    std::string_view name;         ///< in the timeline
    Source source;
    std::string_view evidence;     ///< the text that we wait for
    std::string_view otherwise;    ///< "the BMC did not start"
    std::chrono::seconds deadline; ///< TCG on two busy cores, with room
};

std::span<const StageInfo> allStages();
const StageInfo& info(Stage stage);
std::string_view name(Source source);

/// What the image under test prints, as far as we know.
struct Expectation
{
    bool ownImage = true;
    std::string text{}; ///< user space of somebody else's image; may be empty
};

/// The stage that a line proves, if any.
std::optional<Stage> recognise(Source source, std::string_view line,
                               const Expectation& expectation);

/// What a line says went wrong: a kernel panic, a BIOS that gives up.
std::optional<std::string> findTrouble(Source source, std::string_view line);

} // namespace sim
