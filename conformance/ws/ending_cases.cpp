// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "client_play.hpp"
#include "closings.hpp"
#include "conversation.hpp"

#include <fmt/format.h>

namespace conformance::ws
{

namespace
{

using vmedia::nbd::Cmd;

constexpr std::string_view spec = "RFC 6455, 7.1.5";
constexpr std::string_view codes = "RFC 6455, 7.4.1";
constexpr std::string_view lost =
    "If _The WebSocket Connection is Closed_ and no Close control frame was "
    "received by the endpoint (such as could occur if the underlying transport "
    "connection is lost), _The WebSocket Connection Close Code_ is considered "
    "to be 1006.";
constexpr std::string_view slotSays =
    "A slot that a vanished client keeps is lost to all others.";
constexpr std::string_view unknown = "what is behind it is unknown";

/// @p part of a frame, and no more.
void cutOff(Peer& peer, const Frame& frame, size_t part)
{
    peer.open();
    const Bytes bytes = peer.framed(frame);
    peer.sendBytes(
        ByteView(bytes).first(part),
        fmt::format("{} of the {} bytes of a frame", part, bytes.size()));
    peer.endSending();
    wantGone(peer);
    wantFreeSlot(peer);
}

Verdict disconnects(Peer& peer)
{
    peer.open();
    ClientPlay play;
    play.begin(peer);
    peer.sendData(encode(ClientPlay::request(peer, Cmd::disc, 0, 0)));
    wantLeave(peer, {1000});
    wantFreeSlot(peer);
    return peer.verdict();
}

Verdict breaksNbd(Peer& peer)
{
    peer.open();
    if (!breakNbd(peer))
    {
        return leaveOut(peer, "nothing behind it speaks NBD");
    }
    wantLeave(peer, {1002, 1008, 1011});
    wantFreeSlot(peer);
    return peer.verdict();
}

Verdict endsSending(Peer& peer)
{
    peer.open();
    if (const auto talk = converse(peer))
    {
        talk->begin(peer);
    }
    peer.endSending();
    wantGone(peer);
    wantFreeSlot(peer);
    return peer.verdict();
}

Verdict resets(Peer& peer)
{
    peer.open();
    if (const auto talk = converse(peer))
    {
        talk->begin(peer);
        peer.sendData(talk->next(peer, 1));
    }
    if (!peer.stopped())
    {
        peer.reset();
    }
    wantFreeSlot(peer);
    return peer.verdict();
}

Verdict tellsOfRepliesAfterFin(Peer& peer)
{
    constexpr size_t size = 64U << 10;
    peer.open();
    const auto talk = converse(peer);
    if (!talk)
    {
        return leaveOut(peer, std::string(unknown));
    }
    talk->begin(peer);
    peer.sendData(talk->next(peer, size));
    peer.endSending();
    while (peer.nextFrame())
    {}
    if (peer.stopped())
    {
        return peer.verdict();
    }
    const Ending& end = peer.ending();
    return noted(fmt::format(
        "{}; {}{}",
        peer.streamSize() == 0 ? "no data came then" : "data still came",
        end.close ? describe(*end.close) : "no Close frame",
        end.ended == Ended::timeout ? ", and the connection stays open" : ""));
}

constexpr Case cases[] = {
    {
        .id = "ws.cls.nbd-disc",
        .spec = codes,
        .says = "1000 indicates a normal closure, meaning that the purpose for "
                "which the connection was established has been fulfilled.",
        .level = Level::robustness,
        .sends = "NBD_CMD_DISC",
        .wants = "Close 1000, and the end of the connection",
        .needs = Needs::nbdServer,
        .run = disconnects,
    },
    {
        .id = "ws.cls.backend-exit",
        .spec = codes,
        .says = "1011 indicates that a server is terminating the connection "
                "because it encountered an unexpected condition that prevented "
                "it from fulfilling the request.",
        .level = Level::robustness,
        .sends = "nothing: what is behind the server ends by itself",
        .wants = "Close 1011, and the end of the connection",
        .needs = Needs::backendEnds,
        .run =
            [](Peer& peer) {
    peer.open();
    wantLeave(peer, {1011});
    wantFreeSlot(peer);
    return peer.verdict();
},
    },
    {
        .id = "ws.cls.nbd-protocol-error",
        .spec = codes,
        .says = "NBD has no way back into step: the session is over, and its "
                "slot is for the next client.",
        .level = Level::robustness,
        .sends = "a wrong NBD magic",
        .wants = "Close 1002, 1008 or 1011, the end of the connection, and a "
                 "free slot",
        .run = breaksNbd,
    },
    {
        .id = "ws.cls.tcp-fin-no-close",
        .spec = spec,
        .says = lost,
        .level = Level::must,
        .sends = "FIN without a Close",
        .wants = "the end of the connection, and a free slot within 2 s",
        .run = endsSending,
    },
    {
        .id = "ws.cls.tcp-rst",
        .spec = spec,
        .says = slotSays,
        .level = Level::robustness,
        .sends = "RST",
        .wants = "a free slot within 2 s",
        .run = resets,
    },
    {
        .id = "ws.cls.trunc-header",
        .spec = spec,
        .says = slotSays,
        .level = Level::robustness,
        .sends = "1 byte of a frame's header, then FIN; another time 5 of 8",
        .wants = "the end of the connection, and a free slot within 2 s",
        .run =
            [](Peer& peer) {
    cutOff(peer, {.payload = Bytes(200)}, 1);
    cutOff(peer, {.payload = Bytes(200)}, 5);
    return peer.verdict();
},
    },
    {
        .id = "ws.cls.trunc-payload",
        .spec = spec,
        .says = slotSays,
        .level = Level::robustness,
        .sends = "a frame's header and 2 bytes of its payload of 100, then FIN",
        .wants = "the end of the connection, and a free slot within 2 s",
        .run =
            [](Peer& peer) {
    constexpr size_t header = 6;
    cutOff(peer, {.payload = Bytes(100)}, header + 2);
    return peer.verdict();
},
    },
    {
        .id = "ws.cls.half-close-then-read",
        .spec = spec,
        .says = lost,
        .level = Level::may,
        .sends = "64 KiB of data, and FIN while the answer is on its way",
        .wants = "what still comes is told",
        .run = tellsOfRepliesAfterFin,
    },
};

} // namespace

std::span<const Case> endingCases()
{
    return cases;
}

} // namespace conformance::ws
