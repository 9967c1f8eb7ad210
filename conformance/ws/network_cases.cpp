// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "closings.hpp"
#include "framings.hpp"
#include "unread.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::ws
{

namespace
{

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view slowSpec = "RFC 6455, 10.4";
constexpr std::string_view slowSays =
    "A client behind a slow line is no broken one; but a server may have a "
    "limit for it.";
constexpr std::string_view streamSpec = "RFC 6455, 5";
constexpr std::string_view slotSpec = "RFC 6455, 7.1.5";

/// The first @p pieces bytes of a frame have @p pause behind each of them. The
/// end of the connection meanwhile is a policy, which is told.
Verdict sendsSlowly(Peer& peer, size_t first, size_t pieces, seconds pause)
{
    const auto talk = wantTalk(peer);
    const Bytes all = talk ? talk->next(peer, 64) : Bytes();
    if (peer.stopped())
    {
        return peer.verdict();
    }
    const Bytes frame = peer.framed({.payload = all});
    peer.ignorePings(); // a pong has no place inside a frame
    ByteView left = frame;
    for (size_t i = 0;
         i < pieces && !peer.ending().close && peer.ending().ended == Ended::no;
         ++i)
    {
        const size_t size = i == 0 ? first : 1;
        peer.sendBytes(left.first(size), "a part of a frame");
        left = left.subspan(size);
        peer.waitOut(pause);
    }
    if (peer.ending().close || peer.ending().ended == Ended::closed)
    {
        return noted(peer.endingInWords() + " before the frame had ended");
    }
    peer.sendBytes(left, "the rest of the frame");
    talk->wantAnswer(peer);
    peer.wantOpenStill();
    return peer.verdict();
}

/// Nagle's algorithm waits for an acknowledgement, which our side delays by
/// 40 ms once a connection has gone on for a while.
Verdict answersAtOnce(Peer& peer)
{
    constexpr int rounds = 60;
    constexpr int warm = 20;
    constexpr milliseconds most{30};
    const auto talk = wantTalk(peer);
    std::vector<Clock::duration> times;
    for (int i = 0; i < rounds && !peer.stopped(); ++i)
    {
        const Bytes bytes = talk->next(peer, 1);
        const auto start = Clock::now();
        peer.sendData(bytes);
        talk->wantAnswer(peer);
        if (i >= warm)
        {
            times.push_back(Clock::now() - start);
        }
    }
    if (peer.stopped())
    {
        return peer.verdict();
    }
    // A loaded machine makes some of them slow, but not three of four.
    std::ranges::sort(times);
    const auto quarter =
        std::chrono::duration_cast<milliseconds>(times[times.size() / 4]);
    peer.want(quarter < most,
              fmt::format("three of four answers took {} ms and more",
                          quarter.count()),
              "an answer without a delay");
    return peer.verdict();
}

Verdict resetsInReply(Peer& peer)
{
    constexpr size_t amount = 4U << 20;
    const auto talk = wantTalk(peer);
    if (talk && saysLittle(peer).empty())
    {
        askUnread(peer, *talk, amount);
        peer.nextFrame();
    }
    else if (talk)
    {
        const Bytes reply = peer.framed({.payload = talk->next(peer, 1)});
        peer.sendBytes(ByteView(reply).first(reply.size() / 2),
                       "half of a reply");
    }
    if (!peer.stopped())
    {
        peer.reset();
    }
    wantFreeSlot(peer);
    return peer.verdict();
}

/// A slot may take two seconds; whether it does is told.
Verdict comesBack(Peer& peer)
{
    constexpr int times = 5;
    int busy = 0;
    for (int i = 0; i < times && !peer.stopped(); ++i)
    {
        peer.open();
        peer.closeWell();
        Peer next = peer.another();
        next.mayBeBusy();
        next.connect();
        next.send(next.request());
        const auto response = next.wantResponse();
        if (response && (response->status == 409 || response->status == 503))
        {
            ++busy;
        }
        else if (response)
        {
            next.want(response->status == 101,
                      fmt::format("status {}", response->status), "status 101");
            next.closeWell();
        }
        peer.want(!next.stopped(), next.verdict().got, next.verdict().wanted);
        wantFreeSlot(peer);
    }
    return busy == 0 || peer.stopped()
               ? peer.verdict()
               : noted(fmt::format("the slot was in use still {} of {} times, "
                                   "and free within two seconds",
                                   busy, times));
}

/// The same server by its IPv6 address; of a loopback address the other one.
std::optional<Address> overIpv6(Address address)
{
    if (!address.socket.empty())
    {
        return std::nullopt;
    }
    if (address.host.find(':') == std::string::npos)
    {
        if (address.host != "localhost" && !address.host.starts_with("127."))
        {
            return std::nullopt;
        }
        address.host = "::1";
    }
    return address;
}

Verdict opensOverIpv6(Peer& peer)
{
    Profile profile = peer.profile();
    const auto address = overIpv6(profile.endpoint.address);
    if (!address)
    {
        return leaveOut(peer, "its IPv6 address is not known");
    }
    if (!Connection::open(*address, peer.patience()))
    {
        return leaveOut(peer, fmt::format("nobody listens at {}",
                                          conformance::describe(*address)));
    }
    profile.endpoint.address = *address;
    profile.endpoint.host = fmt::format("[{}]:{}", address->host,
                                        address->port);
    Peer other(profile, peer.patience(), peer.random()(), peer.process(),
               peer.log());
    other.open();
    other.closeWell();
    // What the spec leaves open is told: so a failure has to be named.
    return other.stopped() ? other.verdict() : noted("101 over IPv6");
}

Verdict staysIdle(Peer& peer)
{
    constexpr seconds silence{310};
    const auto talk = openTalk(peer);
    peer.waitOut(silence);
    if (talk && !peer.ending().close)
    {
        peer.sendData(talk->next(peer, 1));
        talk->wantAnswer(peer);
    }
    peer.wantOpenStill();
    return peer.verdict();
}

Verdict answersAmongData(Peer& peer)
{
    constexpr int pings = 32;
    constexpr size_t amount = 128U << 10;
    const auto talk = wantTalk(peer);
    std::vector<Bytes> sent;
    size_t heard = 0;
    Bytes last;
    bool inOrder = true;
    peer.onPong([&](const Bytes& payload) {
        const auto found = std::ranges::find(sent, payload);
        const auto index = static_cast<size_t>(found - sent.begin());
        inOrder = inOrder && found != sent.end() && index >= heard;
        heard = index + 1;
        last = payload;
    });
    for (int i = 0; i < pings && !peer.stopped(); ++i)
    {
        if (i == 0 || peer.profile().role != Role::bmc)
        {
            peer.sendData(talk->ask(peer, amount));
        }
        Bytes nonce;
        vmedia::nbd::append(nonce, peer.random()());
        sent.push_back(nonce);
        peer.send(Opcode::ping, nonce);
    }
    if (talk)
    {
        talk->wantAnswer(peer);
    }
    // Of several pings the last one has its pong (5.5.3).
    while (!peer.stopped() && last != sent.back())
    {
        peer.want(peer.nextOf(Opcode::pong).has_value(),
                  fmt::format("{} instead of the last ping's pong",
                              peer.endingInWords()),
                  "a pong for the last ping");
    }
    peer.want(inOrder, "a pong out of order, or none of ours",
              "pongs in the order of their pings");
    return peer.verdict();
}

Verdict deliversChopped(Peer& peer)
{
    constexpr size_t segment = 536;
    constexpr size_t size = 4U << 10;
    return delivers(peer, size, [&peer](ByteView bytes) {
        peer.sendInPieces(
            peer.framed({.payload = Bytes(bytes.begin(), bytes.end())}),
            segment, "a frame of 4 KiB");
    });
}

constexpr Case cases[] = {
    {
        .id = "ws.net.slowloris-frame",
        .spec = slowSpec,
        .says = slowSays,
        .level = Level::robustness,
        .sends = "10 bytes of a frame, one a second, and the rest at once",
        .wants = "it is delivered as it is, or the end of the connection",
        .slow = true,
        .run = [](Peer& peer) { return sendsSlowly(peer, 1, 10, seconds(1)); },
    },
    {
        .id = "ws.net.stall-mid-payload",
        .spec = slowSpec,
        .says = slowSays,
        .level = Level::robustness,
        .sends = "a frame with 20 s of silence in its payload",
        .wants = "it is delivered as it is, or the end of the connection",
        .slow = true,
        .run =
            [](Peer& peer) {
    constexpr size_t inside = 20;
    return sendsSlowly(peer, inside, 1, seconds(20));
},
    },
    {
        .id = "ws.net.zero-window",
        .spec = slowSpec,
        .says = "A client that is slow to read is no broken one.",
        .level = Level::robustness,
        .sends = "what is answered with 8 MiB, and nothing is read for 2 s",
        .wants = "then all of it, as it is",
        .run =
            [](Peer& peer) {
    constexpr size_t amount = 8U << 20;
    return answersLater(peer, amount, seconds(2));
},
    },
    {
        .id = "ws.net.nagle-latency",
        .spec = streamSpec,
        .says = "A small answer in two segments waits for us, unless Nagle's "
                "algorithm is off.",
        .level = Level::robustness,
        .sends = "60 small requests or replies, one after another",
        .wants = "one of four answers in less than 30 ms",
        .run = answersAtOnce,
    },
    {
        .id = "ws.net.rst-mid-reply",
        .spec = slotSpec,
        .says = "A slot that a vanished client keeps is lost to all others.",
        .level = Level::robustness,
        .sends = "RST in the middle of a reply",
        .wants = "a free slot within 2 s",
        .run = resetsInReply,
    },
    {
        .id = "ws.net.reconnect-immediately",
        .spec = slotSpec,
        .says = "Whose session has ended in order can begin the next one: the "
                "end of TCP says that it is over.",
        .level = Level::robustness,
        .sends = "a session at once after the last one's end, 5 times",
        .wants = "101 within 2 s; it is told if that is not at once",
        .run = comesBack,
    },
    {
        .id = "ws.net.ipv6",
        .spec = "RFC 6455, 3",
        .says = "the host of a ws-URI may be an IPv6 address in brackets",
        .level = Level::may,
        .sends = "a request over IPv6",
        .wants = "101",
        .run = opensOverIpv6,
    },
    {
        .id = "ws.net.keepalive-idle",
        .spec = "RFC 6455, 5.5.2",
        .says = "A medium may be idle for long: a session whose pings are "
                "answered is alive.",
        .level = Level::robustness,
        .sends = "silence for 310 s, but for pongs",
        .wants = "the session goes on",
        .slow = true,
        .run = staysIdle,
    },
    {
        .id = "ws.net.mtu-chop",
        .spec = streamSpec,
        .says = "Where segments end is no matter of where frames end.",
        .level = Level::robustness,
        .sends = "a frame of 4 KiB, 536 bytes in a segment",
        .wants = "it is delivered as it is",
        .run = deliversChopped,
    },
    {
        .id = "ws.net.control-and-data-under-load",
        .spec = "RFC 6455, 5.5.3",
        .says =
            "A Pong frame sent in response to a Ping frame must have "
            "identical \"Application data\" as found in the message body of "
            "the Ping frame being replied to.",
        .level = Level::robustness,
        .sends = "32 pings among what is answered with 128 KiB each",
        .wants = "all data as they are, pongs in order, and the last one's",
        .run = answersAmongData,
    },
};

} // namespace

std::span<const Case> networkCases()
{
    return cases;
}

} // namespace conformance::ws
