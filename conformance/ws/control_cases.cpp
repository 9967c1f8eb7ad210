// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "conformance/transport/dump.hpp"
#include "framings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::ws
{

namespace
{

using vmedia::nbd::append;

constexpr std::string_view mustPongSays =
    "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in "
    "response, unless it already received a Close frame";
constexpr std::string_view pongSays =
    "A Pong frame sent in response to a Ping frame must have identical "
    "\"Application data\" as found in the message body of the Ping frame being "
    "replied to";
constexpr std::string_view sizeSays =
    "All control frames MUST have a payload length of 125 bytes or less and "
    "MUST NOT be fragmented";
constexpr std::string_view samePong = "a pong with the same bytes";
constexpr std::string_view lastPong = "a pong for the last of them at least";
constexpr std::string_view failing = "Close 1002 and the end of the connection";

void wantPong(Peer& peer, ByteView payload)
{
    const auto pong = peer.nextOf(Opcode::pong);
    peer.want(pong.has_value(),
              fmt::format("{} instead of a pong", peer.endingInWords()),
              "a pong");
    peer.want(!pong || std::ranges::equal(pong->payload, payload),
              fmt::format("a pong of {}", pong ? dump(pong->payload) : ""),
              fmt::format("a pong of {}", dump(payload)));
}

Verdict answersPing(Peer& peer, const Bytes& payload)
{
    peer.open();
    peer.send(Opcode::ping, payload);
    wantPong(peer, payload);
    return peer.verdict();
}

/// Pings that are numbered: "MAY elect to send a Pong frame for only the most
/// recently processed Ping frame" (5.5.3). To end the connection is a policy
/// against a flood, and no answer.
Verdict answersPings(Peer& peer, uint32_t count, bool mayEnd = false)
{
    peer.open();
    Bytes pings;
    for (uint32_t number = 1; number <= count; ++number)
    {
        Bytes payload;
        append(payload, number);
        append(pings, ByteView(peer.framed({.opcode = Opcode::ping,
                                            .payload = std::move(payload)})));
    }
    peer.sendBytes(pings, fmt::format("{} pings in one segment", count));
    for (uint32_t last = 0; !peer.stopped() && last < count;)
    {
        const auto pong = peer.nextOf(Opcode::pong);
        std::string ending = fmt::format("{} after the pong for ping {}",
                                         peer.endingInWords(), last);
        if (!pong && mayEnd && peer.ending().ended != Ended::timeout)
        {
            peer.warn(std::move(ending), std::string(lastPong));
            break;
        }
        peer.want(pong.has_value(), std::move(ending), std::string(lastPong));
        const bool whole = pong && pong->payload.size() == sizeof(last);
        const uint32_t number = whole ? vmedia::nbd::Reader(pong->payload).u32()
                                      : 0;
        peer.want(!pong || (number > last && number <= count),
                  "a pong for none of the pings, or out of order",
                  "pongs for pings, in their order");
        last = number;
    }
    return peer.verdict();
}

ptrdiff_t pongsOf(const Peer& peer)
{
    return std::ranges::count(peer.headers(), Opcode::pong, &Header::opcode);
}

constexpr Case cases[] = {
    {
        .id = "ws.ctl.ping-0",
        .spec = "RFC 6455, 5.5.3",
        .says = pongSays,
        .level = Level::must,
        .sends = "a ping of no bytes",
        .wants = samePong,
        .autobahn = "2.1",
        .run = [](Peer& peer) { return answersPing(peer, {}); },
    },
    {
        .id = "ws.ctl.ping-5",
        .spec = "RFC 6455, 5.5.3",
        .says = pongSays,
        .level = Level::must,
        .sends = "a ping of 5 bytes",
        .wants = samePong,
        .autobahn = "2.2",
        .run =
            [](Peer& peer) {
    return answersPing(peer, Bytes(5, std::byte{0x48}));
},
    },
    {
        .id = "ws.ctl.ping-125",
        .spec = "RFC 6455, 5.5.3",
        .says = pongSays,
        .level = Level::must,
        .sends = "a ping of 125 bytes",
        .wants = samePong,
        .autobahn = "2.4",
        .run =
            [](Peer& peer) {
    return answersPing(peer, Bytes(125, std::byte{0x2a}));
},
    },
    {
        .id = "ws.ctl.ping-binary",
        .spec = "RFC 6455, 5.5.3",
        .says = pongSays,
        .level = Level::must,
        .sends = "a ping of bytes that are no text",
        .wants = samePong,
        .autobahn = "2.3",
        .run =
            [](Peer& peer) {
    return answersPing(peer, Bytes(8, std::byte{0xfe}));
},
    },
    {
        .id = "ws.ctl.ping-bytewise",
        .spec = "RFC 6455, 5.5.3",
        .says = pongSays,
        .level = Level::must,
        .sends = "a ping of 20 bytes, each byte in a segment of its own",
        .wants = samePong,
        .autobahn = "2.6",
        .run =
            [](Peer& peer) {
    const Bytes payload(20, std::byte{0x70});
    peer.open();
    peer.sendInPieces(peer.framed({.opcode = Opcode::ping, .payload = payload}),
                      1, "a ping");
    wantPong(peer, payload);
    return peer.verdict();
},
    },
    {
        .id = "ws.ctl.ping-x10",
        .spec = "RFC 6455, 5.5.2",
        .says = mustPongSays,
        .level = Level::must,
        .sends = "10 pings in one segment",
        .wants = lastPong,
        .autobahn = "2.10",
        .run = [](Peer& peer) { return answersPings(peer, 10); },
    },
    {
        .id = "ws.ctl.ping-x10000",
        .spec = "RFC 6455, 5.5.3",
        .says = "A client that pings often must not bring a server down",
        .level = Level::robustness,
        .sends = "10000 pings in one segment",
        .wants = lastPong,
        .run = [](Peer& peer) { return answersPings(peer, 10000, true); },
    },
    {
        .id = "ws.ctl.pong-unsolicited",
        .spec = "RFC 6455, 5.5.3",
        .says = "A response to an unsolicited Pong frame is not expected",
        .level = Level::must,
        .sends = "an empty pong that nobody asked for",
        .wants = "no reaction",
        .autobahn = "2.7",
        .run =
            [](Peer& peer) {
    peer.open();
    peer.send(Opcode::pong, {});
    peer.wantOpenStill();
    peer.want(pongsOf(peer) == 1, "a pong for a pong", "no reaction");
    return peer.verdict();
},
    },
    {
        .id = "ws.ctl.pong-with-wrong-payload",
        .spec = "RFC 6455, 5.5.3",
        .says = "A Pong frame MAY be sent unsolicited",
        .level = Level::may,
        .sends = "a pong of 125 bytes that no ping had",
        .wants = "no reaction",
        .autobahn = "2.8",
        .run =
            [](Peer& peer) {
    peer.open();
    peer.send(Opcode::pong, Bytes(125, std::byte{0x2a}));
    const bool open = peer.fence();
    if (peer.stopped())
    {
        return peer.verdict();
    }
    return noted(!open                ? peer.endingInWords()
                 : pongsOf(peer) == 1 ? "no reaction"
                                      : "a pong for a pong");
},
    },
    {
        .id = "ws.frm.ctl-126-ping",
        .spec = "RFC 6455, 5.5",
        .says = sizeSays,
        .level = Level::must,
        .sends = "a ping of 126 bytes",
        .wants = failing,
        .autobahn = "2.5",
        .run =
            [](Peer& peer) {
    return failsOn(peer, {.opcode = Opcode::ping, .payload = Bytes(126)});
},
    },
    {
        .id = "ws.frm.ctl-126-pong",
        .spec = "RFC 6455, 5.5",
        .says = sizeSays,
        .level = Level::must,
        .sends = "a pong of 126 bytes",
        .wants = failing,
        .run =
            [](Peer& peer) {
    return failsOn(peer, {.opcode = Opcode::pong, .payload = Bytes(126)});
},
    },
    {
        .id = "ws.frm.ctl-126-close",
        .spec = "RFC 6455, 5.5",
        .says = sizeSays,
        .level = Level::must,
        .sends = "a Close of 126 bytes",
        .wants = failing,
        .autobahn = "7.3.6",
        .run =
            [](Peer& peer) {
    return failsOn(
        peer, {.opcode = Opcode::close,
               .payload = closeBody(wrongCloseCode, std::string(124, 'x'))});
},
    },
    {
        .id = "ws.frm.ctl-len16-small",
        .spec = "RFC 6455, 5.2",
        .says = "Note that in all cases, the minimal number of bytes MUST be "
                "used to encode the length, for example, the length of a "
                "124-byte-long string can't be encoded as the sequence 126, 0, "
                "124",
        .level = Level::must,
        .sends = "a ping whose length of 5 is in 16 bits",
        .wants = failing,
        .run =
            [](Peer& peer) {
    return failsOn(peer, {.opcode = Opcode::ping,
                          .payload = Bytes(5),
                          .form = LengthForm::bits16});
},
    },
    {
        .id = "ws.frag.ctl-fin0-ping",
        .spec = "RFC 6455, 5.5",
        .says = sizeSays,
        .level = Level::must,
        .sends = "a ping with FIN 0",
        .wants = failing,
        .autobahn = "5.1",
        .run =
            [](Peer& peer) {
    return failsOn(peer,
                   {.opcode = Opcode::ping, .payload = Bytes(5), .fin = false});
},
    },
    {
        .id = "ws.frag.ctl-fin0-pong",
        .spec = "RFC 6455, 5.5",
        .says = sizeSays,
        .level = Level::must,
        .sends = "a pong with FIN 0",
        .wants = failing,
        .autobahn = "5.2",
        .run =
            [](Peer& peer) {
    return failsOn(peer,
                   {.opcode = Opcode::pong, .payload = Bytes(5), .fin = false});
},
    },
    {
        .id = "ws.frag.ctl-fin0-close",
        .spec = "RFC 6455, 5.5",
        .says = sizeSays,
        .level = Level::must,
        .sends = "a Close with FIN 0",
        .wants = failing,
        .run =
            [](Peer& peer) {
    return failsOn(peer, {.opcode = Opcode::close,
                          .payload = closeBody(wrongCloseCode),
                          .fin = false});
},
    },
};

} // namespace

std::span<const Case> controlCases()
{
    return cases;
}

} // namespace conformance::ws
