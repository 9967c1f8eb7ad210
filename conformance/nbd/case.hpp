// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/nbd/needs.hpp"
#include "conformance/verdict.hpp"

#include <span>
#include <string_view>

namespace conformance::nbd
{

class Peer;

/// Where a case begins.
enum class Start : uint8_t
{
    haggling,  ///< greeting read, both client flags sent
    connected, ///< nothing read, nothing sent
};

/// One sentence of the spec, and how to see whether a server obeys it.
///
/// Shape:  a row of data and a short body. A row without `says` is not ready;
///         in one of level robustness it is the suite's own requirement.
/// Names:  an id tells what, not where, and is never used again for another
///         meaning.
struct Case
{
    std::string_view id;
    std::string_view spec; ///< section titles of proto.md
    std::string_view says; ///< its own sentence
    Level level;
    Subject subject;
    std::string_view sends;
    std::string_view wants;
    Start start = Start::haggling;
    bool writes = false; ///< only where the target is ours, or may be written
    Needs needs = Needs::plain;
    bool endsTarget = false; ///< what is left is of no use: the next is new
    Verdict (*run)(Peer& peer);
};

/// The cases of one part of the protocol, in the order in which they run.
/// Neighbours of one name are one part that fills more than one file.
struct Area
{
    std::string_view name;
    std::span<const Case> cases;
};

} // namespace conformance::nbd
