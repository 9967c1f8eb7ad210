// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "framings.hpp"

#include <fmt/format.h>

namespace conformance::ws
{

namespace
{

using Clock = std::chrono::steady_clock;

/// Longer than the periods of servers in use, 20 to 150 s.
constexpr std::chrono::seconds silenceMax{160};

auto millis(Clock::duration time)
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

/// Reads until the server pings: false if it ends the connection before, or
/// does not ping at all.
bool hearsPing(Peer& peer, Clock::time_point start)
{
    while (!peer.stopped() && Clock::now() - start < silenceMax)
    {
        peer.goOn();
        if (peer.nextOf(Opcode::ping))
        {
            return true;
        }
        if (peer.ending().close || peer.ending().ended != Ended::timeout)
        {
            break;
        }
    }
    return false;
}

/// Reads until the server ends the connection, as long as that may take.
void hearsEnd(Peer& peer, Clock::time_point start)
{
    while (hearsPing(peer, start))
    {}
}

constexpr Case cases[] = {
    {
        .id = "ws.ctl.ping-latency-under-load",
        .spec = "RFC 6455, 5.5.2",
        .says = "It SHOULD respond with Pong frame as soon as is practical",
        .level = Level::should,
        .sends = "reads of 8 MiB in all, and a ping when a quarter has come",
        .wants = "a pong before their replies have ended, or within 1 s",
        .needs = Needs::nbdServer,
        .run =
            [](Peer& peer) {
    const auto talk = wantTalk(peer);
    constexpr size_t amount = 8U << 20;
    if (talk)
    {
        peer.sendData(talk->ask(peer, amount));
    }
    while (peer.streamSize() < amount / 4 && !peer.ending().close &&
           peer.nextFrame())
    {}
    peer.send(Opcode::ping, {});
    const auto start = Clock::now();
    const auto pong = peer.nextOf(Opcode::pong);
    const auto took = Clock::now() - start;
    peer.want(pong.has_value(),
              fmt::format("{} instead of a pong", peer.endingInWords()),
              "a pong");
    // A third of the patience: 1 s, unless the user waits longer for all.
    peer.want(
        peer.streamSize() < amount || took * 3 <= peer.patience(),
        fmt::format("a pong behind all replies, after {} ms", millis(took)),
        "a pong before them, or within 1 s");
    if (talk)
    {
        talk->wantAnswer(peer);
    }
    return peer.verdict();
},
    },
    {
        .id = "ws.ctl.server-keepalive",
        .spec = "RFC 6455, 5.5.2",
        .says = "An endpoint MAY send a Ping frame any time after the "
                "connection is established and before the connection is closed",
        .level = Level::may,
        .sends = "silence, but for pongs",
        .wants = "it is told when the server pings; it goes on after our pong",
        .slow = true,
        .run =
            [](Peer& peer) {
    peer.open();
    const auto start = Clock::now();
    const bool pinged = hearsPing(peer, start);
    const auto took = millis(Clock::now() - start) / 1000;
    if (!pinged)
    {
        return peer.stopped() ? peer.verdict()
                              : noted(fmt::format("no ping in {} s: {}", took,
                                                  peer.endingInWords()));
    }
    peer.wantOpenStill();
    return peer.stopped() ? peer.verdict()
                          : noted(fmt::format("a ping after {} s", took));
},
    },
    {
        .id = "ws.ctl.keepalive-no-pong",
        .spec = "RFC 6455, 5.5.2",
        .says = "A Ping frame may serve either as a keepalive or as a means to "
                "verify that the remote endpoint is still responsive",
        .level = Level::should,
        .sends = "silence, and no pong for the server's ping",
        .wants = "the end of the connection",
        .slow = true,
        .run =
            [](Peer& peer) {
    peer.open();
    peer.ignorePings();
    if (!hearsPing(peer, Clock::now()))
    {
        return leaveOut(peer,
                        fmt::format("no ping in {} s", silenceMax.count()));
    }
    const auto start = Clock::now();
    hearsEnd(peer, start);
    peer.want(peer.ending().close || peer.ending().ended == Ended::closed,
              fmt::format("open still {} s after a ping without a pong",
                          millis(Clock::now() - start) / 1000),
              "the end of the connection");
    return peer.verdict();
},
    },
};

} // namespace

std::span<const Case> livenessCases()
{
    return cases;
}

} // namespace conformance::ws
