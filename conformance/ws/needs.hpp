// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/verdict.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conformance::ws
{

/// What a case needs of a target, and what a way to start one offers: a set.
enum class Needs : uint32_t
{
    nothing = 0,
    nbdServer = 1U << 0,   ///< the gateway role: an NBD server is behind it
    nbdClient = 1U << 1,   ///< the bmc role: an NBD client that reads on
    echo = 1U << 2,        ///< it sends back what it gets
    tls = 1U << 3,         ///< wss
    credentials = 1U << 4, ///< nobody gets in without them
    oneClient = 1U << 5,   ///< a slot: a second client is refused
    twoSlots = 1U << 6,    ///< another path is a slot of its own
    backendEnds = 1U << 7, ///< what is behind it ends by itself
    clientCertificate = 1U << 8, ///< nobody gets in without one
    browser = 1U << 9,           ///< a client that runs pages of somebody else
    image = 1U << 10,            ///< a client that serves our {image}
};

constexpr Needs operator|(Needs a, Needs b)
{
    return Needs{static_cast<uint32_t>(a) | static_cast<uint32_t>(b)};
}

constexpr bool covers(Needs offered, Needs needed)
{
    return (static_cast<uint32_t>(needed) & ~static_cast<uint32_t>(offered)) ==
           0;
}

/// One of them by the word that a profile of such targets has for it:
/// "one-client".
std::optional<Needs> parseNeed(std::string_view word,
                               Subject subject = Subject::server);

/// "tls, one-client"
std::string describe(Needs needs, Subject subject = Subject::server);

/// "one-client: a second client is refused", a line for each.
std::vector<std::string> explain(Needs needs,
                                 Subject subject = Subject::server);

} // namespace conformance::ws
