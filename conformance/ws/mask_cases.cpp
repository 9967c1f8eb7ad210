// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "framings.hpp"

namespace conformance::ws
{

namespace
{

constexpr std::string_view closeSays =
    "The server MUST close the connection upon receiving a frame that is not "
    "masked.  In this case, a server MAY send a Close frame with a status code "
    "of 1002 (protocol error) as defined in Section 7.4.1";
constexpr std::string_view maskSays =
    "A server MUST remove masking for data frames received from a client as "
    "described in Section 5.3";
constexpr std::string_view failing =
    "the end of the connection, with Close 1002 or without; nothing delivered";
constexpr std::string_view delivered = "delivered as it is";

Verdict failsUnmasked(Peer& peer, Frame (*make)(Peer&, Conversation*))
{
    const auto talk = openTalk(peer);
    const Bytes bytes = encode(make(peer, talk.get()));
    peer.wantFailed(bytes, describe(*parseHeader(bytes)), {1002, noClose});
    return peer.verdict();
}

constexpr Case cases[] = {
    {
        .id = "ws.frm.unmasked-binary",
        .spec = "RFC 6455, 5.1",
        .says = closeSays,
        .level = Level::must,
        .sends = "a binary frame that is not masked",
        .wants = failing,
        .run =
            [](Peer& peer) {
    return failsUnmasked(peer, [](Peer& client, Conversation* talk) {
        return Frame{.payload = bait(client, talk, 5)};
    });
},
    },
    {
        .id = "ws.frm.unmasked-ping",
        .spec = "RFC 6455, 5.1",
        .says = closeSays,
        .level = Level::must,
        .sends = "a ping that is not masked",
        .wants = failing,
        .run =
            [](Peer& peer) {
    return failsUnmasked(peer, [](Peer&, Conversation*) {
        return Frame{.opcode = Opcode::ping, .payload = Bytes(5)};
    });
},
    },
    {
        .id = "ws.frm.unmasked-close",
        .spec = "RFC 6455, 5.1",
        .says = closeSays,
        .level = Level::must,
        .sends = "a Close that is not masked",
        .wants = failing,
        .run =
            [](Peer& peer) {
    return failsUnmasked(peer, [](Peer&, Conversation*) {
        return Frame{.opcode = Opcode::close,
                     .payload = closeBody(wrongCloseCode)};
    });
},
    },
    {
        .id = "ws.frm.unmasked-cont",
        .spec = "RFC 6455, 5.1",
        .says = closeSays,
        .level = Level::must,
        .sends = "a continuation that is not masked",
        .wants = failing,
        .run =
            [](Peer& peer) {
    return failsUnmasked(peer, [](Peer& client, Conversation* talk) {
        return Frame{.opcode = Opcode::continuation,
                     .payload = beginMessage(client, talk)};
    });
},
    },
    {
        .id = "ws.frm.unmasked-empty",
        .spec = "RFC 6455, 5.1",
        .says = closeSays,
        .level = Level::must,
        .sends = "a binary frame of no bytes that is not masked",
        .wants = failing,
        .run =
            [](Peer& peer) {
    return failsUnmasked(peer, [](Peer&, Conversation*) { return Frame{}; });
},
    },
    {
        .id = "ws.frm.mask-zero",
        .spec = "RFC 6455, 5.3",
        .says = maskSays,
        .level = Level::must,
        .sends = "a binary frame with the key 00000000",
        .wants = delivered,
        .run =
            [](Peer& peer) {
    return delivers(peer, 126, [&peer](ByteView bytes) {
        peer.sendFrame(
            {.payload = Bytes(bytes.begin(), bytes.end()), .mask = MaskKey{}});
    });
},
    },
    {
        .id = "ws.frm.mask-per-frame",
        .spec = "RFC 6455, 5.3",
        .says = maskSays,
        .level = Level::must,
        .sends = "four frames of 7 bytes, two of them one message, with a new "
                 "key in each",
        .wants = delivered,
        .run =
            [](Peer& peer) {
    return delivers(peer, 28, [&peer](ByteView bytes) {
        constexpr size_t size = 7; // so that no key fits the next frame
        peer.sendData(bytes.first(size));
        peer.sendData(bytes.subspan(size, size));
        sendFragments(peer, bytes.subspan(2 * size), {size});
    });
},
    },
};

} // namespace

std::span<const Case> maskCases()
{
    return cases;
}

} // namespace conformance::ws
