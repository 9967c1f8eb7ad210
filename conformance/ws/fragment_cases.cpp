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

constexpr std::string_view spec = "RFC 6455, 5.4";
constexpr std::string_view supportSays =
    "Clients and servers MUST support receiving both fragmented and "
    "unfragmented messages";
constexpr std::string_view sizeSays =
    "A sender MAY create fragments of any size for non-control messages";
constexpr std::string_view insideSays =
    "An endpoint MUST be capable of handling control frames in the middle of a "
    "fragmented message";
constexpr std::string_view continuationSays =
    "A fragmented message consists of a single frame with the FIN bit clear "
    "and an opcode other than 0, followed by zero or more frames with the FIN "
    "bit clear and the opcode set to 0, and terminated by a single frame with "
    "the FIN bit set and an opcode of 0";
constexpr std::string_view interleaveSays =
    "The fragments of one message MUST NOT be interleaved between the "
    "fragments of another message unless an extension has been negotiated that "
    "can interpret the interleaving";
constexpr std::string_view delivered = "delivered as it is";
constexpr std::string_view failing =
    "Close 1002 and the end of the connection; nothing delivered";

Frame fragment(Opcode opcode, ByteView payload)
{
    return {.opcode = opcode,
            .payload = Bytes(payload.begin(), payload.end()),
            .fin = false};
}

Verdict deliversFragments(Peer& peer, size_t size,
                          std::initializer_list<size_t> sizes)
{
    return delivers(peer, size, [&peer, sizes](ByteView bytes) {
        sendFragments(peer, bytes, sizes);
    });
}

/// A message of two fragments, and @p between.
Verdict deliversAround(Peer& peer, const std::function<void()>& between)
{
    return delivers(peer, 28, [&peer, &between](ByteView bytes) {
        peer.sendBytes(peer.framed(fragment(Opcode::binary, bytes.first(10))),
                       "a first fragment");
        between();
        peer.send(Opcode::continuation, bytes.subspan(10));
    });
}

Verdict deliversWithPings(Peer& peer)
{
    return delivers(peer, 28, [&peer](ByteView bytes) {
        constexpr size_t pings = 10;
        Bytes frames;
        for (size_t i = 0; i < pings; ++i)
        {
            append(frames, ByteView(peer.framed(fragment(
                               i == 0 ? Opcode::binary : Opcode::continuation,
                               bytes.subspan(i, 1)))));
            append(frames,
                   ByteView(peer.framed(
                       {.opcode = Opcode::ping,
                        .payload = Bytes(1, static_cast<std::byte>(i))})));
        }
        peer.sendBytes(frames, "10 fragments with a ping behind each");
        std::optional<Seen> pong;
        do
        {
            pong = peer.nextOf(Opcode::pong);
            peer.want(pong.has_value(),
                      fmt::format("{} instead of a pong", peer.endingInWords()),
                      "pongs before the message has ended");
        } while (pong && pong->payload != Bytes(1, std::byte{pings - 1}));
        peer.send(Opcode::continuation, bytes.subspan(pings));
    });
}

Verdict deliversManyFragments(Peer& peer)
{
    constexpr size_t size = 10000;
    const auto talk = wantTalk(peer);
    const Bytes all = talk ? talk->next(peer, size) : Bytes();
    if (peer.stopped())
    {
        return peer.verdict();
    }
    const ByteView bytes(all);
    Bytes frames;
    for (size_t i = 0; i < size; ++i)
    {
        Frame one = fragment(i == 0 ? Opcode::binary : Opcode::continuation,
                             bytes.subspan(i, 1));
        one.fin = i == size - 1;
        append(frames, ByteView(peer.framed(std::move(one))));
    }
    peer.sendBytes(frames, "10000 fragments of 1 byte");
    peer.sendData(bytes.subspan(size));
    if (!peer.fence())
    {
        peer.wantGone({1009});
        return peer.verdict();
    }
    talk->wantAnswer(peer);
    return peer.verdict();
}

/// More than any NBD message needs; and no smaller fragments, for a server that
/// copies what it has with each of them takes its time. One that delivers while
/// a message goes on needs no limit.
Verdict deliversOrLimits(Peer& peer)
{
    constexpr size_t most = 33U << 20;
    constexpr size_t step = 1U << 20;
    const auto talk = wantTalk(peer);
    Opcode opcode = Opcode::binary;
    bool open = true;
    for (size_t sent = 0; talk && open && !peer.stopped() &&
                          peer.streamSize() == 0 && sent < most;
         sent += step)
    {
        const Bytes bytes = talk->next(peer, step);
        peer.sendBytes(peer.framed(fragment(opcode, bytes)), "a fragment of 1 "
                                                             "MiB");
        opcode = Opcode::continuation;
        open = peer.fence();
    }
    if (!open)
    {
        peer.wantGone({1009});
    }
    else if (peer.streamSize() == 0 && !peer.stopped())
    {
        peer.conclude(failed("33 MiB of one message, and it takes more", "a "
                                                                         "limi"
                                                                         "t"));
    }
    else if (talk)
    {
        talk->wantAnswer(peer);
    }
    return peer.verdict();
}

constexpr Case cases[] = {
    {
        .id = "ws.frag.2",
        .spec = spec,
        .says = supportSays,
        .level = Level::must,
        .sends = "a binary message in 2 fragments",
        .wants = delivered,
        .autobahn = "5.3",
        .run = [](Peer& peer) { return deliversFragments(peer, 28, {10}); },
    },
    {
        .id = "ws.frag.3",
        .spec = spec,
        .says = supportSays,
        .level = Level::must,
        .sends = "a binary message in 3 fragments",
        .wants = delivered,
        .run = [](Peer& peer) { return deliversFragments(peer, 28, {10, 10}); },
    },
    {
        .id = "ws.frag.18x1",
        .spec = spec,
        .says = supportSays,
        .level = Level::must,
        .sends = "18 bytes in 18 fragments",
        .wants = delivered,
        .run =
            [](Peer& peer) {
    return deliversFragments(
        peer, 18, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
},
    },
    {
        .id = "ws.frag.zero-first",
        .spec = spec,
        .says = sizeSays,
        .level = Level::must,
        .sends = "an empty first fragment, and one with all bytes",
        .wants = delivered,
        .autobahn = "6.1.3",
        .run = [](Peer& peer) { return deliversFragments(peer, 28, {0}); },
    },
    {
        .id = "ws.frag.zero-mid",
        .spec = spec,
        .says = sizeSays,
        .level = Level::must,
        .sends = "an empty fragment between two others",
        .wants = delivered,
        .run = [](Peer& peer) { return deliversFragments(peer, 28, {10, 0}); },
    },
    {
        .id = "ws.frag.zero-last",
        .spec = spec,
        .says = sizeSays,
        .level = Level::must,
        .sends = "a fragment with all bytes, and an empty last one",
        .wants = delivered,
        .autobahn = "6.1.3",
        .run = [](Peer& peer) { return deliversFragments(peer, 28, {28}); },
    },
    {
        .id = "ws.frag.all-zero",
        .spec = spec,
        .says = sizeSays,
        .level = Level::must,
        .sends = "three empty fragments, then good data",
        .wants = "nothing of them delivered; the good data is answered",
        .autobahn = "6.1.2",
        .run =
            [](Peer& peer) {
    const auto talk = wantTalk(peer);
    sendFragments(peer, {}, {0, 0});
    peer.sendData(talk ? talk->next(peer, 1) : Bytes());
    if (talk)
    {
        talk->wantAnswer(peer);
    }
    peer.wantOpenStill();
    return peer.verdict();
},
    },
    {
        .id = "ws.frag.ping-between",
        .spec = spec,
        .says = insideSays,
        .level = Level::must,
        .sends = "a fragment, a ping, and after its pong the last fragment",
        .wants = "a pong before the message has ended; the message is "
                 "delivered",
        .autobahn = "5.6",
        .run =
            [](Peer& peer) {
    return deliversAround(peer, [&peer] { peer.wantOpenStill(); });
},
    },
    {
        .id = "ws.frag.pong-between",
        .spec = spec,
        .says = insideSays,
        .level = Level::must,
        .sends = "a fragment, a pong that nobody asked for, and the last "
                 "fragment",
        .wants = delivered,
        .run =
            [](Peer& peer) {
    return deliversAround(peer, [&peer] { peer.send(Opcode::pong, Bytes(5)); });
},
    },
    {
        .id = "ws.frag.pings-between",
        .spec = spec,
        .says = insideSays,
        .level = Level::must,
        .sends = "11 fragments, a ping between each two; the last goes out "
                 "after a pong",
        .wants = "a pong for the last ping at least; the message is delivered",
        .autobahn = "5.19",
        .run = [](Peer& peer) { return deliversWithPings(peer); },
    },
    {
        .id = "ws.frag.cont-first-fin0",
        .spec = spec,
        .says = continuationSays,
        .level = Level::must,
        .sends = "a continuation frame with FIN 0, and no message to continue",
        .wants = failing,
        .autobahn = "5.12",
        .run =
            [](Peer& peer) {
    return failsOn(peer, {.opcode = Opcode::continuation, .fin = false}, 5);
},
    },
    {
        .id = "ws.frag.cont-first-fin1",
        .spec = spec,
        .says = continuationSays,
        .level = Level::must,
        .sends = "a continuation frame with FIN 1, and no message to continue",
        .wants = failing,
        .autobahn = "5.9",
        .run =
            [](Peer& peer) {
    return failsOn(peer, {.opcode = Opcode::continuation, .fin = true}, 5);
},
    },
    {
        .id = "ws.frag.new-data-inside",
        .spec = spec,
        .says = interleaveSays,
        .level = Level::must,
        .sends = "a binary frame before a binary message has ended",
        .wants = failing,
        .autobahn = "5.18",
        .run = [](Peer& peer) { return failsInside(peer, {}); },
    },
    {
        .id = "ws.frag.text-inside-binary",
        .spec = spec,
        .says = interleaveSays,
        .level = Level::must,
        .sends = "a text frame before a binary message has ended",
        .wants = "Close 1002, or 1003 if it takes no text at all, and the "
                 "end of the connection",
        .run =
            [](Peer& peer) {
    return failsInside(
        peer, {.opcode = Opcode::text, .payload = Bytes(4, std::byte{0x20})},
        {1002, 1003});
},
    },
    {
        .id = "ws.frag.close-inside",
        .spec = "RFC 6455, 5.5.1",
        .says = "If an endpoint receives a Close frame and did not previously "
                "send a Close frame, the endpoint MUST send a Close frame in "
                "response",
        .level = Level::must,
        .sends = "a Close before a message has ended",
        .wants = "Close, and the end of the connection",
        .autobahn = "7.1.5",
        .run =
            [](Peer& peer) {
    const auto talk = openTalk(peer);
    beginMessage(peer, talk.get());
    peer.closeWell();
    return peer.verdict();
},
    },
    {
        .id = "ws.frag.10000x1",
        .spec = "RFC 6455, 5.4",
        .says = "A message may come in fragments of any size: a server says "
                "what it does not take",
        .level = Level::robustness,
        .sends = "a message of 10000 bytes, each in a fragment of its own",
        .wants = "delivered, or Close 1009",
        .autobahn = "9.4.1",
        .run = [](Peer& peer) { return deliversManyFragments(peer); },
    },
    {
        .id = "ws.frag.endless",
        .spec = "RFC 6455, 10.4",
        .says = "Such an implementation SHOULD impose a limit on frame sizes "
                "and the total message size after reassembly from multiple "
                "frames",
        .level = Level::should,
        .sends = "up to 33 MiB of a message in fragments of 1 MiB",
        .wants = "Close 1009 at a limit; or the bytes are delivered as they "
                 "come",
        .autobahn = "9.9.1",
        .run = [](Peer& peer) { return deliversOrLimits(peer); },
    },
};

} // namespace

std::span<const Case> fragmentCases()
{
    return cases;
}

} // namespace conformance::ws
