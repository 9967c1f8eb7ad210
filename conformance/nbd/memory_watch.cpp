// SPDX-License-Identifier: Apache-2.0
#include "memory_watch.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>

namespace conformance::nbd
{

MemoryWatch::MemoryWatch(Peer& of) : peer(of)
{
    if (peer.process() == nullptr)
    {
        peer.conclude(notApplicable("only a target that --spawn or --profile "
                                    "started has its memory watched"));
        return;
    }
    before = most = peer.process()->usage().memory;
}

void MemoryWatch::look()
{
    if (peer.process() != nullptr)
    {
        most = std::max(most, peer.process()->usage().memory);
    }
}

uint64_t MemoryWatch::growth()
{
    constexpr int calm = 10;
    const auto until = std::chrono::steady_clock::now() + peer.patience();
    uint64_t last = most;
    for (int still = 0;
         still < calm && std::chrono::steady_clock::now() < until; ++still)
    {
        ::poll(nullptr, 0, 10);
        look();
        still = most > last + mebi ? 0 : still;
        last = most;
    }
    return most - before;
}

void MemoryWatch::wantGrowthBelow(uint64_t bytes)
{
    const uint64_t grown = growth();
    peer.note(fmt::format("its memory grew by {} MiB", grown / mebi));
    peer.want(grown < bytes, fmt::format("{} MiB more", grown / mebi),
              fmt::format("less than {} MiB more", bytes / mebi));
}

} // namespace conformance::nbd
