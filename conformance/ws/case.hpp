// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/verdict.hpp"
#include "conformance/ws/needs.hpp"

#include <span>
#include <string_view>

namespace conformance::ws
{

class Peer;

/// One sentence of RFC 6455, and how to see whether a server obeys it.
///
/// Shape:  a row of data and a short body. The peer has not connected yet.
/// Names:  an id tells what, and is never used again for another meaning.
struct Case
{
    std::string_view id;
    std::string_view spec; ///< "RFC 6455, 5.2"
    std::string_view says; ///< its own sentence
    Level level;
    std::string_view sends;
    std::string_view wants;
    std::string_view autobahn{}; ///< the ids of its cases for the same thing
    Needs needs = Needs::nothing;
    bool slow = false;           ///< waits for a time-out of the target's
    Verdict (*run)(Peer& peer);
};

/// The cases of one part of the protocol, in the order in which they run.
struct Area
{
    std::string_view name;
    std::span<const Case> cases;
};

} // namespace conformance::ws
