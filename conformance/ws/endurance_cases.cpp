// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "framings.hpp"
#include "unread.hpp"
#include "usage_watch.hpp"

namespace conformance::ws
{

namespace
{

using std::chrono::milliseconds;

constexpr std::string_view spec = "RFC 6455, 10.4";
constexpr std::string_view boundedSays =
    "What nobody reads has to wait where it is: a server that takes it all "
    "in can be filled by one client.";
constexpr milliseconds unreadFor{1000};

void holdSessions(Peer& peer, int count)
{
    for (int i = 0; i < count && !peer.stopped(); ++i)
    {
        peer.open();
        peer.closeWell();
    }
}

Verdict answersStalledReader(Peer& peer)
{
    constexpr size_t amount = size_t{8} * 128 << 10;
    peer.narrow();
    return answersLater(peer, amount, unreadFor);
}

Verdict boundsOutput(Peer& peer)
{
    constexpr size_t amount = 96U << 20;
    constexpr uint64_t growthMax = 48 * mebi;
    if (peer.process() == nullptr)
    {
        return leaveOut(peer, std::string(unwatched));
    }
    if (const auto why = saysLittle(peer); !why.empty())
    {
        return leaveOut(peer, std::string(why));
    }
    const auto talk = wantTalk(peer);
    UsageWatch usage(peer);
    if (talk)
    {
        askUnread(peer, *talk, amount);
    }
    peer.leaveUnread(unreadFor);
    usage.wantMemoryBelow(growthMax);
    peer.reset();
    return peer.verdict();
}

Verdict boundsPongs(Peer& peer)
{
    constexpr int count = 10000;
    constexpr uint64_t growthMax = 16 * mebi;
    peer.narrow();
    openTalk(peer);
    UsageWatch usage(peer);
    Bytes pings;
    for (int i = 0; i < count; ++i)
    {
        vmedia::nbd::append(pings,
                            ByteView(peer.framed({.opcode = Opcode::ping,
                                                  .payload = Bytes(125)})));
    }
    peer.sendUnread(pings, "10000 pings");
    peer.leaveUnread(unreadFor);
    usage.wantMemoryBelow(growthMax);
    peer.sendRest();
    // To end the connection is a policy, too; to hang is none.
    if (!peer.fence())
    {
        peer.want(peer.ending().ended != Ended::timeout,
                  "nothing instead of a PONG",
                  "an open connection, or its end");
    }
    return peer.verdict();
}

Verdict keepsMemory(Peer& peer)
{
    constexpr uint64_t growthMax = 32 * mebi;
    if (peer.process() == nullptr)
    {
        return leaveOut(peer, std::string(unwatched));
    }
    holdSessions(peer, 20); // what is set up once, is now
    UsageWatch usage(peer);
    holdSessions(peer, 1000);
    usage.wantMemoryBelow(growthMax);
    return peer.verdict();
}

Verdict keepsDescriptors(Peer& peer)
{
    constexpr int some = 16; // of sessions on their way out
    if (peer.process() == nullptr)
    {
        return leaveOut(peer, std::string(unwatched));
    }
    holdSessions(peer, 20);
    UsageWatch usage(peer);
    holdSessions(peer, 1000);
    usage.wantDescriptorsBelow(some);
    return peer.verdict();
}

constexpr Case cases[] = {
    {
        .id = "ws.lim.qd-8x128k-stalled-reader",
        .spec = spec,
        .says = "A client that is slow to read is no broken one.",
        .level = Level::robustness,
        .sends = "what is answered with 8 times 128 KiB, and nothing is read "
                 "for a second",
        .wants = "then all of it, as it is",
        .run = answersStalledReader,
    },
    {
        .id = "ws.lim.unbounded-out",
        .spec = spec,
        .says = boundedSays,
        .level = Level::robustness,
        .sends = "what is answered with 96 MiB, and nothing is read",
        .wants = "less than 48 MiB more memory",
        .run = boundsOutput,
    },
    {
        .id = "ws.lim.10k-pings-unread",
        .spec = spec,
        .says = boundedSays,
        .level = Level::robustness,
        .sends = "10000 pings, and nothing is read",
        .wants = "less than 16 MiB more memory; then a pong, or the end",
        .run = boundsPongs,
    },
    {
        .id = "ws.lim.rss-after-1000-sessions",
        .spec = spec,
        .says = "A BMC runs for years: what a session leaves behind adds up.",
        .level = Level::robustness,
        .sends = "1000 sessions, one after another",
        .wants = "less than 32 MiB more memory",
        .slow = true,
        .run = keepsMemory,
    },
    {
        .id = "ws.lim.fd-leak-1000",
        .spec = spec,
        .says = "A BMC runs for years: what a session leaves behind adds up.",
        .level = Level::robustness,
        .sends = "1000 sessions, one after another",
        .wants = "as many descriptors as before",
        .slow = true,
        .run = keepsDescriptors,
    },
};

} // namespace

std::span<const Case> enduranceCases()
{
    return cases;
}

} // namespace conformance::ws
