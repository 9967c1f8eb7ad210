// SPDX-License-Identifier: Apache-2.0
#include "usage_watch.hpp"

#include "conformance/transport/busy_threads.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>

namespace conformance::ws
{

namespace
{

constexpr int pause = 10; // ms between two looks, of which no event tells

} // namespace

UsageWatch::UsageWatch(Peer& of) : peer(of), before(look()) {}

Usage UsageWatch::look() const
{
    return peer.mayWatch() ? usageBelow(::getpid()) : Usage{};
}

void UsageWatch::wantMemoryBelow(uint64_t more)
{
    if (!peer.mayWatch() || peer.stopped())
    {
        return;
    }
    constexpr int calm = 10;
    constexpr int patienceMax = 10; // who is at work for ever is not waited for
    const auto until = Clock::now() + patienceMax * peer.patience();
    uint64_t most = look().memory;
    for (int still = 0; still < calm && Clock::now() < until; ++still)
    {
        ::poll(nullptr, 0, pause);
        const uint64_t now = look().memory;
        // Where nothing has a core yet, nothing grows.
        still = now > most + mebi || anyThreadRunsBelow(::getpid()) ? 0 : still;
        most = std::max(most, now);
    }
    const uint64_t grown = most - std::min(most, before.memory);
    peer.note(fmt::format("its memory grew by {} MiB", grown / mebi));
    peer.want(grown < more, fmt::format("{} MiB more memory", grown / mebi),
              fmt::format("less than {} MiB more", more / mebi));
}

void UsageWatch::wantDescriptorsBelow(int more)
{
    if (!peer.mayWatch() || peer.stopped())
    {
        return;
    }
    const auto until = Clock::now() + peer.patience();
    int now = look().descriptors;
    while (now > before.descriptors + more && Clock::now() < until)
    {
        ::poll(nullptr, 0, pause);
        now = look().descriptors;
    }
    peer.note(
        fmt::format("{} descriptors, {} before", now, before.descriptors));
    peer.want(now <= before.descriptors + more,
              fmt::format("{} descriptors, where {} were before", now,
                          before.descriptors),
              "as many as before");
}

} // namespace conformance::ws
