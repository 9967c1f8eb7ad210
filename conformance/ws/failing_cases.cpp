// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "framings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::ws
{

namespace
{

using vmedia::nbd::append;

constexpr Case cases[] = {
    {
        .id = "ws.frm.trailing-garbage-after-fail",
        .spec = "RFC 6455, 7.1.7",
        .says = "An endpoint MUST NOT continue to attempt to process data "
                "(including a responding Close frame) from the remote endpoint "
                "after being instructed to _Fail the WebSocket Connection_",
        .level = Level::must,
        .sends = "a frame with opcode 11, then good data and a ping, in one "
                 "segment",
        .wants = "Close 1002 and the end of the connection; no pong, nothing "
                 "delivered",
        .autobahn = "3.2",
        .run =
            [](Peer& peer) {
    const auto talk = openTalk(peer);
    const Bytes payload = bait(peer, talk.get(), 5);
    Bytes bytes = peer.framed({.opcode = Opcode{11}});
    append(bytes, ByteView(peer.framed({.payload = payload})));
    peer.wantFailed(bytes, "opcode 0xB, and good data behind it");
    // Only here it is a failure after a Close, too.
    const bool answered = std::ranges::count(peer.headers(), Opcode::pong,
                                             &Header::opcode) != 0;
    return answered ? failed("the ping behind it was answered")
                    : peer.verdict();
},
    },
    {
        .id = "ws.frm.error-order",
        .spec = "RFC 6455, 7.1.7",
        .says = "An endpoint MUST NOT continue to attempt to process data "
                "(including a responding Close frame) from the remote endpoint "
                "after being instructed to _Fail the WebSocket Connection_",
        .level = Level::may,
        .sends = "good data, then a frame with opcode 11, in one segment",
        .wants = "it is told whether the first was answered",
        .autobahn = "3.2",
        .run =
            [](Peer& peer) {
    const auto talk = wantTalk(peer);
    const Bytes payload = bait(peer, talk.get(), 5);
    Bytes bytes = peer.framed({.payload = payload});
    append(bytes, ByteView(peer.framed({.opcode = Opcode{11}})));
    peer.sendBytes(bytes, "good data, and opcode 0xB behind it");
    while (!peer.stopped() && !peer.ending().close && peer.nextFrame())
    {}
    if (peer.stopped())
    {
        return peer.verdict();
    }
    return noted(fmt::format("{}, {} an answer to what was good",
                             peer.endingInWords(),
                             peer.streamSize() == 0 ? "without" : "after"));
},
    },
};

} // namespace

std::span<const Case> failingCases()
{
    return cases;
}

} // namespace conformance::ws
