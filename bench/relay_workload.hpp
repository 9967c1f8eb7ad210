// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <span>
#include <string>

namespace bench
{

enum class Direction : uint8_t
{
    up,   ///< from the WebSocket to the unix socket
    down, ///< and back
};

/// Messages one way, of which so many are on the way at once: one more leaves
/// when one has arrived.
struct RelayWorkload
{
    std::string name;
    Direction direction;
    uint32_t message; ///< bytes of payload
    uint32_t depth;
    bool tls;
};

/// Plain ones first.
std::span<const RelayWorkload> allRelayWorkloads();

} // namespace bench
