// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "framings.hpp"

#include <algorithm>

namespace conformance::ws
{

namespace
{

constexpr std::string_view failing =
    "Close 1002 and the end of the connection; nothing delivered";
constexpr std::string_view delivered = "delivered as it is";
constexpr std::string_view rsvSays =
    "If a nonzero value is received and none of the negotiated extensions "
    "defines the meaning of such a nonzero value, the receiving endpoint MUST "
    "_Fail the WebSocket Connection_";
constexpr std::string_view opcodeSays =
    "If an unknown opcode is received, the receiving endpoint MUST _Fail the "
    "WebSocket Connection_";
constexpr std::string_view minimalSays =
    "Note that in all cases, the minimal number of bytes MUST be used to "
    "encode the length, for example, the length of a 124-byte-long string "
    "can't be encoded as the sequence 126, 0, 124";
constexpr std::string_view controlSays =
    "All control frames MUST have a payload length of 125 bytes or less and "
    "MUST NOT be fragmented.";
constexpr std::string_view fragmentSays =
    "A fragmented message consists of a single frame with the FIN bit clear "
    "and an opcode other than 0, followed by zero or more frames with the FIN "
    "bit clear and the opcode set to 0, and terminated by a single frame with "
    "the FIN bit set and an opcode of 0";
constexpr std::string_view supportSays =
    "Clients and servers MUST support receiving both fragmented and "
    "unfragmented messages";

constexpr Case fails(std::string_view id, std::string_view spec,
                     std::string_view says, std::string_view sends,
                     Verdict (*run)(Peer&))
{
    return {.id = id,
            .spec = spec,
            .says = says,
            .level = Level::must,
            .sends = sends,
            .wants = failing,
            .run = run};
}

constexpr Case carries(std::string_view id, std::string_view spec,
                       std::string_view says, std::string_view sends,
                       Verdict (*run)(Peer&), Level level = Level::must)
{
    return {.id = id,
            .spec = spec,
            .says = says,
            .level = level,
            .sends = sends,
            .wants = delivered,
            .run = run};
}

Verdict failsMasked(Peer& peer, Frame frame, size_t baitSize)
{
    const auto talk = openTalk(peer);
    if (baitSize != 0)
    {
        frame.payload = bait(peer, talk.get(), baitSize);
    }
    frame.mask = randomMask(peer.random());
    const Bytes bytes = encode(frame);
    peer.wantFailed(bytes, describe(*parseHeader(bytes)));
    return peer.verdict();
}

Verdict splitsInto(Peer& peer, size_t count)
{
    return delivers(peer, count, [&peer](ByteView bytes) {
        for (size_t i = 0; i < bytes.size(); ++i)
        {
            const ByteView one = bytes.subspan(i, 1);
            peer.sendFrame(
                {.opcode = i == 0 ? Opcode::binary : Opcode::continuation,
                 .payload = Bytes(one.begin(), one.end()),
                 .fin = i + 1 == bytes.size(),
                 .mask = peer.mask()});
        }
    });
}

Verdict coalesces(Peer& peer)
{
    constexpr size_t requests = 64;
    const auto talk = wantTalk(peer);
    if (talk)
    {
        // Of a dialer as many replies as it has requests in flight.
        const size_t size = peer.profile().role == Role::gateway ? requests * 28
                                                                 : 1;
        peer.sendData(talk->next(peer, size));
        talk->wantAnswer(peer);
        peer.wantOpenStill();
    }
    return peer.verdict();
}

Verdict takesPingBehind(Peer& peer)
{
    const auto talk = wantTalk(peer);
    if (!talk)
    {
        return peer.verdict();
    }
    const Bytes data = talk->next(peer, 1);
    Bytes nonce;
    vmedia::nbd::append(nonce, peer.random()());
    Bytes all = peer.framed({.payload = data});
    vmedia::nbd::append(
        all, ByteView(peer.framed({.opcode = Opcode::ping, .payload = nonce})));
    bool answered = false;
    peer.onPong(
        [&](const Bytes& pong) { answered = answered || pong == nonce; });
    peer.sendBytes(all, "data, and a ping behind it");
    talk->wantAnswer(peer);
    peer.wantOpenStill();
    peer.want(answered, "no pong with the ping's payload",
              "a pong with the ping's payload");
    return peer.verdict();
}

Verdict takesEmpty(Peer& peer)
{
    return delivers(peer, 1, [&peer](ByteView bytes) {
        peer.sendData({});
        sendFragments(peer, bytes, {0, 0});
        peer.sendData({});
    });
}

/// Close 1003, or 1002 or 1008, which say less.
/// A page sees a message when its browser has answered the ping behind it. So
/// NBD is the fence of those that serve it: a request behind a text that was
/// lost would be served. And no script may send 1003: its codes are from 3000
/// on.
Verdict refusesText(Peer& peer)
{
    const auto talk = openTalk(peer);
    const Bytes letters(4, std::byte{'x'});
    const Bytes text =
        peer.framed({.opcode = Opcode::text, .payload = letters});
    if (!talk || peer.profile().role != Role::gateway)
    {
        peer.wantFailed(text, "a text message", {1003, 1002, 1008});
        return peer.verdict();
    }
    Bytes all = text;
    vmedia::nbd::append(
        all, ByteView(peer.framed({.payload = talk->next(peer, 1)})));
    peer.sendBytes(all, "a text message, and a request behind it");
    while (!peer.stopped() && !peer.ending().close)
    {
        const auto frame = peer.nextFrame();
        if (!frame)
        {
            break;
        }
        peer.want(isControl(frame->header.opcode),
                  "the request behind it was answered: the text is lost",
                  "Close 1003");
    }
    constexpr uint16_t firstOfScripts = 3000;
    const auto& close = peer.ending().close;
    const uint16_t code = close ? close->code.value_or(0) : 0;
    peer.wantGone({1003, 1002, 1008, std::max(code, firstOfScripts)});
    return peer.verdict();
}

constexpr Case cases[] = {
    fails("ws.clt.received.masked", "RFC 6455, 5.1",
          "A client MUST close a connection if it detects a masked frame.",
          "a binary frame that is masked",
          [](Peer& peer) { return failsMasked(peer, {}, 5); }),
    fails("ws.clt.received.masked-ping", "RFC 6455, 5.1",
          "A client MUST close a connection if it detects a masked frame.",
          "a ping that is masked",
          [](Peer& peer) {
    return failsMasked(peer, {.opcode = Opcode::ping}, 0);
}),
    fails("ws.clt.received.rsv-1", "RFC 6455, 5.2", rsvSays,
          "a binary frame with RSV1",
          [](Peer& peer) { return failsOn(peer, {.rsv = 4}, 5); }),
    fails("ws.clt.received.rsv-2", "RFC 6455, 5.2", rsvSays,
          "a binary frame with RSV2",
          [](Peer& peer) { return failsOn(peer, {.rsv = 2}, 5); }),
    fails("ws.clt.received.rsv-3", "RFC 6455, 5.2", rsvSays,
          "a binary frame with RSV3",
          [](Peer& peer) { return failsOn(peer, {.rsv = 1}, 5); }),
    fails("ws.clt.received.opcode-3", "RFC 6455, 5.2", opcodeSays,
          "a frame with opcode 3, reserved for data",
          [](Peer& peer) { return failsOn(peer, {.opcode = Opcode{3}}, 5); }),
    fails("ws.clt.received.opcode-11", "RFC 6455, 5.2", opcodeSays,
          "a frame with opcode 11, reserved for control",
          [](Peer& peer) { return failsOn(peer, {.opcode = Opcode{11}}, 5); }),
    fails("ws.clt.received.nonminimal-16", "RFC 6455, 5.2", minimalSays,
          "5 bytes whose length is told in 16 bits",
          [](Peer& peer) {
    return failsOn(peer, {.form = LengthForm::bits16}, 5);
}),
    fails("ws.clt.received.nonminimal-64", "RFC 6455, 5.2", minimalSays,
          "200 bytes whose length is told in 64 bits",
          [](Peer& peer) {
    return failsOn(peer, {.form = LengthForm::bits64}, 200);
}),
    {
        .id = "ws.clt.received.length-msb",
        .spec = "RFC 6455, 5.2",
        .says = "If 127, the following 8 bytes interpreted as a 64-bit "
                "unsigned integer (the most significant bit MUST be 0) are the "
                "payload length",
        .level = Level::must,
        .sends = "a length whose most significant bit is 1",
        .wants = "Close 1002 or 1009, and the end of the connection",
        .run =
            [](Peer& peer) {
    return failsOn(
        peer, {.form = LengthForm::bits64, .declared = uint64_t{1} << 63 | 5},
        5, {1002, 1009});
},
    },
    fails("ws.clt.received.control-126", "RFC 6455, 5.5", controlSays,
          "a ping of 126 bytes",
          [](Peer& peer) {
    return failsOn(peer, {.opcode = Opcode::ping, .payload = Bytes(126)});
}),
    fails("ws.clt.received.control-fragmented", "RFC 6455, 5.5", controlSays,
          "a ping that is not final",
          [](Peer& peer) {
    return failsOn(peer, {.opcode = Opcode::ping, .fin = false});
}),
    fails("ws.clt.received.continuation-first", "RFC 6455, 5.4", fragmentSays,
          "a continuation of nothing",
          [](Peer& peer) {
    return failsOn(peer, {.opcode = Opcode::continuation}, 5);
}),
    fails("ws.clt.received.data-inside", "RFC 6455, 5.4", fragmentSays,
          "a binary frame inside a message that has not ended",
          [](Peer& peer) { return failsInside(peer, {}); }),
    carries("ws.clt.received.split-28", "RFC 6455, 5.4", supportSays,
            "data in 28 fragments of one byte",
            [](Peer& peer) { return splitsInto(peer, 28); }),
    carries("ws.clt.received.coalesced-64", "RFC 6455, 5.4",
            "NBD does not care where messages end: many requests may be in "
            "one.",
            "64 requests in one message", coalesces, Level::robustness),
    carries("ws.clt.received.ping-behind", "RFC 6455, 5.5.2",
            "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame "
            "in response, unless it already received a Close frame.",
            "data, and a ping behind it in one segment", takesPingBehind),
    carries("ws.clt.received.empty", "RFC 6455, 5.4", supportSays,
            "empty messages and empty fragments around data", takesEmpty),
    {
        .id = "ws.clt.received.text",
        .spec = "RFC 6455, 7.4.1",
        .says =
            "1003 indicates that an endpoint is terminating the connection "
            "because it has received a type of data it cannot accept (e.g., "
            "an endpoint that understands only text data MAY send this if "
            "it receives a binary message).",
        .level = Level::robustness,
        .sends = "a text message",
        .wants = "Close 1003, or one of a script's own from 3000 on, and the "
                 "end of the connection",
        .run = refusesText,
    },
};

} // namespace

std::span<const Case> clientReceivedCases()
{
    return cases;
}

} // namespace conformance::ws
