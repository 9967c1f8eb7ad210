// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "client_play.hpp"
#include "closings.hpp"
#include "framings.hpp"

#include <fmt/format.h>

namespace conformance::ws
{

namespace
{

constexpr std::string_view spec = "RFC 6455, 4.2.2";
constexpr std::string_view endSpec = "RFC 6455, 7.1.5";
constexpr std::string_view oneSays =
    "NBD has no place for a second voice: two clients of one medium would "
    "break each other's data.";
constexpr std::string_view freeSays =
    "A slot that a vanished client keeps is lost to all others.";

/// A second client's request, and @p behind in one segment with it: what the
/// target makes of it. The response, if one came.
std::optional<Response> intrude(Peer& second, ByteView behind = {})
{
    second.mayBeBusy();
    second.connect();
    const Request request = second.request();
    second.expectKey(valuesOf(request.fields, "Sec-WebSocket-Key").front());
    Bytes all;
    vmedia::nbd::append(all, std::string_view(request.text()));
    vmedia::nbd::append(all, behind);
    second.sendBytes(all, "the request of a second client");
    return second.wantResponse(true);
}

Verdict refusesSecond(Peer& peer)
{
    openTalk(peer);
    if (peer.stopped())
    {
        return peer.verdict();
    }
    Peer second = peer.another();
    const auto response = intrude(second);
    if (second.stopped())
    {
        return second.verdict();
    }
    const std::string wanted = "status 409 or 503";
    if (!response)
    {
        peer.warn("the end of the connection without a status", wanted);
    }
    else if (response->status == 101)
    {
        peer.want(!second.fence(), "101, and a session", wanted);
        peer.warn(fmt::format("101, then {}", second.endingInWords()), wanted);
    }
    else if (response->status != 409 && response->status != 503)
    {
        peer.want(response->status >= 300,
                  fmt::format("status {}", response->status), wanted);
        peer.warn(fmt::format("status {}", response->status), wanted);
    }
    peer.wantOpenStill();
    return peer.verdict();
}

/// What would be heard, if it reached the session of the first client.
Bytes words(Peer& peer)
{
    const NbdRequest request = ClientPlay::request(peer, vmedia::nbd::Cmd::read,
                                                   0, 1);
    Bytes bytes;
    vmedia::nbd::append(bytes, encode(request));
    return bytes;
}

Verdict keepsOut(Peer& peer)
{
    const auto talk = wantTalk(peer);
    if (!talk)
    {
        return peer.verdict();
    }
    Peer second = peer.another();
    const Bytes behind = second.framed({.payload = words(second)});
    const auto response = intrude(second, behind);
    if (response && response->status == 101)
    {
        second.sendData(words(second));
        second.fence();
    }
    for (int i = 0; i < 2; ++i)
    {
        peer.sendData(talk->next(peer, 1));
        talk->wantAnswer(peer);
        peer.wantOpenStill();
    }
    peer.want(peer.streamSize() == 0 || peer.profile().role == Role::bmc,
              fmt::format("{} bytes that nobody asked for", peer.streamSize()),
              "the answers to the first client, and nothing else");
    return peer.verdict();
}

Verdict goesOn(Peer& peer)
{
    const auto talk = wantTalk(peer);
    for (int i = 0; i < 3 && !peer.stopped(); ++i)
    {
        Peer second = peer.another();
        intrude(second);
        second.hangUp();
        peer.sendData(talk->next(peer, 1));
        talk->wantAnswer(peer);
    }
    peer.closeWell();
    return peer.verdict();
}

/// Any session, ended by @p end; then the next client.
template <void (*end)(Peer&)>
Verdict frees(Peer& peer)
{
    openTalk(peer);
    if (!peer.stopped())
    {
        end(peer);
    }
    wantFreeSlot(peer);
    return peer.verdict();
}

void endByClose(Peer& peer)
{
    peer.closeWell();
}

void endByFin(Peer& peer)
{
    peer.hangUp();
}

void endByReset(Peer& peer)
{
    peer.reset();
}

/// NBD programs give up at a wrong magic: a crash, as the server sees it.
Verdict freesAfterCrash(Peer& peer)
{
    peer.open();
    if (!breakNbd(peer))
    {
        return leaveOut(peer, "nothing behind it speaks NBD, so that it could "
                              "be made to end");
    }
    wantGone(peer);
    wantFreeSlot(peer);
    return peer.verdict();
}

Verdict freesAfterRefusal(Peer& peer)
{
    for (int i = 0; i < 3 && !peer.stopped(); ++i)
    {
        peer.connect();
        peer.send(peer.request().drop("Sec-WebSocket-Key"));
        peer.wantRefused();
    }
    wantFreeSlot(peer);
    return peer.verdict();
}

Verdict keepsApart(Peer& peer)
{
    Profile profile = peer.profile();
    profile.endpoint.target = profile.secondSlot;
    Peer second(profile, peer.patience(), peer.random()(), peer.process(),
                peer.log());
    const auto here = wantTalk(peer);
    const auto there = peer.stopped() ? nullptr : wantTalk(second);
    for (int i = 0; i < 8 && !peer.stopped() && !second.stopped(); ++i)
    {
        peer.sendData(here->next(peer, 64));
        second.sendData(there->next(second, 64));
        here->wantAnswer(peer);
        there->wantAnswer(second);
    }
    peer.closeWell();
    if (!peer.stopped() && !second.stopped())
    {
        second.sendData(there->next(second, 1));
        there->wantAnswer(second);
        second.closeWell();
    }
    if (second.stopped())
    {
        peer.want(false, "the second slot: " + second.verdict().got,
                  second.verdict().wanted);
    }
    return peer.verdict();
}

Verdict opensAgain(Peer& peer)
{
    constexpr int times = 200;
    for (int i = 0; i < times && !peer.stopped(); ++i)
    {
        peer.open();
        peer.closeWell();
    }
    return peer.verdict();
}

constexpr Case cases[] = {
    {
        .id = "ws.slot.second-client-refused",
        .spec = spec,
        .says = oneSays,
        .level = Level::robustness,
        .sends = "the request of a second client",
        .wants = "status 409 or 503",
        .needs = Needs::oneClient,
        .run = refusesSecond,
    },
    {
        .id = "ws.slot.second-client-cannot-inject",
        .spec = spec,
        .says = oneSays,
        .level = Level::robustness,
        .sends = "data of a second client, behind its request and after 101",
        .wants = "the first client's session does not hear it",
        .needs = Needs::oneClient,
        .run = keepsOut,
    },
    {
        .id = "ws.slot.first-unaffected",
        .spec = spec,
        .says = oneSays,
        .level = Level::robustness,
        .sends = "a second client comes and goes, 3 times",
        .wants = "the first session goes on",
        .needs = Needs::oneClient,
        .run = goesOn,
    },
    {
        .id = "ws.slot.freed-after-close",
        .spec = "RFC 6455, 7.1.1",
        .says = freeSays,
        .level = Level::robustness,
        .sends = "a session that ends by Close",
        .wants = "a free slot within 2 s",
        .needs = Needs::oneClient,
        .run = frees<endByClose>,
    },
    {
        .id = "ws.slot.freed-after-fin",
        .spec = endSpec,
        .says = freeSays,
        .level = Level::robustness,
        .sends = "a session that ends by FIN, both ways at once",
        .wants = "a free slot within 2 s",
        .needs = Needs::oneClient,
        .run = frees<endByFin>,
    },
    {
        .id = "ws.slot.freed-after-rst",
        .spec = endSpec,
        .says = freeSays,
        .level = Level::robustness,
        .sends = "a session that ends by RST",
        .wants = "a free slot within 2 s",
        .needs = Needs::oneClient,
        .run = frees<endByReset>,
    },
    {
        .id = "ws.slot.freed-after-crash",
        .spec = endSpec,
        .says = freeSays,
        .level = Level::robustness,
        .sends = "what makes the program behind the server end: a wrong magic",
        .wants = "the end of the connection, and a free slot within 2 s",
        .needs = Needs::oneClient,
        .run = freesAfterCrash,
    },
    {
        .id = "ws.slot.freed-after-failed-handshake",
        .spec = spec,
        .says = freeSays,
        .level = Level::robustness,
        .sends = "3 requests without a key, which are refused",
        .wants = "a free slot",
        .needs = Needs::oneClient,
        .run = freesAfterRefusal,
    },
    {
        .id = "ws.slot.two-slots-independent",
        .spec = spec,
        .says = "Two media are two streams.",
        .level = Level::robustness,
        .sends = "a session in each of two slots, step by step; then one ends",
        .wants = "each has its own data",
        .needs = Needs::twoSlots,
        .run = keepsApart,
    },
    {
        .id = "ws.slot.reopen-loop",
        .spec = spec,
        .says = freeSays,
        .level = Level::robustness,
        .sends = "200 sessions, one after another",
        .wants = "all of them are served",
        .slow = true,
        .run = opensAgain,
    },
};

} // namespace

std::span<const Case> slotCases()
{
    return cases;
}

} // namespace conformance::ws
