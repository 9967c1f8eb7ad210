// SPDX-License-Identifier: Apache-2.0
#include "relay_workload.hpp"

#include <fmt/format.h>

#include <vector>

namespace bench
{

namespace
{

struct Size
{
    const char* name;
    uint32_t bytes;
};

// A page's read; NBD's header and what the kernel asks for at most; a message
// that no window holds.
constexpr Size sizes[] = {
    {"64k", 64 << 10}, {"128k", (128 << 10) + 16}, {"2m", 2 << 20}};

std::vector<RelayWorkload> makeAll()
{
    std::vector<RelayWorkload> all;
    for (const bool tls : {false, true})
    {
        for (const Direction direction : {Direction::up, Direction::down})
        {
            for (const Size& size : sizes)
            {
                for (const uint32_t depth : {1U, 16U})
                {
                    all.push_back(
                        {fmt::format("{}{}-{}-d{}", tls ? "tls-" : "",
                                     direction == Direction::up ? "up" : "down",
                                     size.name, depth),
                         direction, size.bytes, depth, tls});
                }
            }
        }
    }
    return all;
}

} // namespace

std::span<const RelayWorkload> allRelayWorkloads()
{
    static const std::vector<RelayWorkload> all = makeAll();
    return all;
}

} // namespace bench
