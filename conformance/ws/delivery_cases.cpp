// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "closings.hpp"
#include "conversation.hpp"

#include <fmt/format.h>

#include <functional>

namespace conformance::ws
{

namespace
{

constexpr std::string_view spec = "RFC 6455, 5.4";
constexpr std::string_view says =
    "NBD is a stream: where its messages end is no matter of where WebSocket "
    "messages end.";
constexpr std::string_view asItIs = "all of it is delivered as it is";
constexpr size_t replyHeader = 16;
constexpr size_t singleMax = 4U << 10; // frames of a byte each

/// Sends bytes of the stream, in the way of a case.
using Send = std::function<void(Peer& peer, ByteView bytes)>;

/// Messages of these sizes, and one with the rest; none goes out before the
/// target's side of TCP has the one before.
void sendCut(Peer& peer, ByteView bytes, std::initializer_list<size_t> sizes)
{
    for (const size_t size : sizes)
    {
        peer.sendData(bytes.first(std::min(size, bytes.size())));
        bytes = bytes.subspan(std::min(size, bytes.size()));
        if (!peer.stopped())
        {
            peer.channel()->wire().drain(peer.patience());
        }
    }
    if (!bytes.empty())
    {
        peer.sendData(bytes);
    }
}

/// Messages of @p size bytes; the last may be shorter.
void sendInMessages(Peer& peer, ByteView bytes, size_t size)
{
    while (!bytes.empty() && !peer.stopped())
    {
        const size_t piece = std::min(size, bytes.size());
        peer.sendData(bytes.first(piece));
        bytes = bytes.subspan(piece);
    }
}

/// Runs a session in which what we say first goes out by @p first, and then
/// @p size bytes by @p send.
Verdict delivers(Peer& peer, const Send& first, size_t size, const Send& send)
{
    peer.open();
    const auto talk = converse(peer);
    if (!talk)
    {
        return leaveOut(peer, "what is behind it is unknown");
    }
    const Bytes words = talk->firstWords(peer);
    if (!peer.stopped())
    {
        first(peer, words);
    }
    talk->settle(peer);
    const Bytes bytes = talk->next(peer, size);
    if (!peer.stopped())
    {
        send(peer, bytes);
    }
    talk->wantAnswer(peer);
    peer.closeWell();
    return peer.verdict();
}

void sendWhole(Peer& peer, ByteView bytes)
{
    peer.sendData(bytes);
}

/// What we say first, in messages of @p size and the rest.
Verdict greets(Peer& peer, size_t size)
{
    return delivers(peer, [size](Peer& by, ByteView words) {
        sendCut(by, words, {size});
    }, 1, sendWhole);
}

/// At least @p size bytes by @p send, after a usual beginning.
Verdict carries(Peer& peer, size_t size, const Send& send)
{
    return delivers(peer, sendWhole, size, send);
}

Verdict carriesCut(Peer& peer, size_t size)
{
    return carries(peer, 1, [size](Peer& by, ByteView bytes) {
        sendCut(by, bytes, {size});
    });
}

Verdict carriesMany(Peer& peer, size_t messages)
{
    return carries(peer, 128U << 10, [messages](Peer& by, ByteView bytes) {
        sendInMessages(by, bytes, (bytes.size() + messages - 1) / messages);
    });
}

Verdict carriesTwo(Peer& peer)
{
    peer.open();
    const auto talk = converse(peer);
    if (!talk)
    {
        return leaveOut(peer, "what is behind it is unknown");
    }
    talk->begin(peer);
    Bytes both = talk->next(peer, 1);
    vmedia::nbd::append(both, ByteView(talk->next(peer, 1)));
    peer.sendData(both);
    talk->wantAnswer(peer);
    peer.closeWell();
    return peer.verdict();
}

Verdict closesBetween(Peer& peer)
{
    peer.open();
    const auto talk = converse(peer);
    if (!talk)
    {
        return leaveOut(peer, "what is behind it is unknown");
    }
    talk->begin(peer);
    const Bytes bytes = talk->next(peer, replyHeader);
    if (!peer.stopped())
    {
        peer.sendData(ByteView(bytes).first(replyHeader));
    }
    peer.closeWell();
    wantFreeSlot(peer);
    return peer.verdict();
}

/// The first 18 bytes of NBD in a message of @p size, and the rest.
template <size_t size>
constexpr Case greeting(std::string_view id, std::string_view sends)
{
    return {.id = id,
            .spec = spec,
            .says = says,
            .level = Level::robustness,
            .sends = sends,
            .wants = asItIs,
            .run = [](Peer& peer) { return greets(peer, size); }};
}

/// A request or a reply, split behind byte @p size.
template <size_t size>
constexpr Case split(std::string_view id, std::string_view sends)
{
    return {.id = id,
            .spec = spec,
            .says = says,
            .level = Level::robustness,
            .sends = sends,
            .wants = "it is answered",
            .run = [](Peer& peer) { return carriesCut(peer, size); }};
}

template <size_t messages>
constexpr Case bulk(std::string_view id, std::string_view sends)
{
    return {.id = id,
            .spec = spec,
            .says = says,
            .level = Level::robustness,
            .sends = sends,
            .wants = asItIs,
            .run = [](Peer& peer) { return carriesMany(peer, messages); }};
}

constexpr Case cases[] = {
    greeting<1>("ws.nbd.greeting-split-1",
                "what we say first in NBD, in messages of 1 byte and the rest"),
    greeting<2>("ws.nbd.greeting-split-2",
                "what we say first in NBD, in messages of 2 bytes and the "
                "rest"),
    greeting<8>("ws.nbd.greeting-split-8",
                "what we say first in NBD, in messages of 8 bytes and the "
                "rest"),
    greeting<16>("ws.nbd.greeting-split-16",
                 "what we say first in NBD, in messages of 16 bytes and the "
                 "rest"),
    greeting<17>("ws.nbd.greeting-split-17",
                 "what we say first in NBD, in messages of 17 bytes and the "
                 "rest"),
    {
        .id = "ws.nbd.greeting-18x1",
        .spec = spec,
        .says = says,
        .level = Level::robustness,
        .sends = "what we say first in NBD, each byte in a message of its own",
        .wants = asItIs,
        .run =
            [](Peer& peer) {
    return delivers(peer, [](Peer& by, ByteView words) {
        sendInMessages(by, words, 1);
    }, 1, sendWhole);
},
    },
    split<1>("ws.nbd.request-split-1",
             "a request or a reply, split behind byte 1"),
    split<15>("ws.nbd.request-split-15",
              "a request or a reply, split behind byte 15"),
    split<16>("ws.nbd.request-split-16",
              "a request or a reply, split behind byte 16"),
    split<17>("ws.nbd.request-split-17",
              "a request or a reply, split behind byte 17"),
    {
        .id = "ws.nbd.two-coalesced",
        .spec = spec,
        .says = says,
        .level = Level::robustness,
        .sends = "two requests or two replies in one message",
        .wants = "both are answered",
        .run = carriesTwo,
    },
    {
        .id = "ws.nbd.zero-length-between",
        .spec = spec,
        .says = "A message without a byte in it changes nothing in a stream.",
        .level = Level::robustness,
        .sends = "an empty message within a request or a reply",
        .wants = asItIs,
        .run =
            [](Peer& peer) {
    return carries(peer, 1, [](Peer& by, ByteView bytes) {
        sendCut(by, bytes, {replyHeader, 0});
    });
},
    },
    {
        .id = "ws.nbd.ping-between-header-and-data",
        .spec = "RFC 6455, 5.5.2",
        .says = "Upon receipt of a Ping frame, an endpoint MUST send a Pong "
                "frame in response, unless it already received a Close frame.",
        .level = Level::robustness,
        .sends = "a ping behind the first 16 bytes of a request or a reply",
        .wants = "a pong, and the rest is delivered as it is",
        .run =
            [](Peer& peer) {
    return carries(peer, 1, [](Peer& by, ByteView bytes) {
        const size_t cut = std::min(replyHeader, bytes.size());
        by.sendData(bytes.first(cut));
        by.wantOpenStill();
        if (cut < bytes.size())
        {
            by.sendData(bytes.subspan(cut));
        }
    });
},
    },
    {
        .id = "ws.nbd.close-between-header-and-data",
        .spec = "RFC 6455, 5.5.1",
        .says = "If an endpoint receives a Close frame and did not previously "
                "send a Close frame, the endpoint MUST send a Close frame in "
                "response.",
        .level = Level::robustness,
        .sends = "Close 1000 behind the first 16 bytes of a request or a reply",
        .wants = "Close, the end of the connection, and a free slot",
        .run = closesBetween,
    },
    {
        .id = "ws.nbd.frames-of-1-byte",
        .spec = spec,
        .says = says,
        .level = Level::robustness,
        .sends = "4 KiB of requests or replies, a message for each byte",
        .wants = asItIs,
        .run =
            [](Peer& peer) {
    return carries(peer, singleMax, [](Peer& by, ByteView bytes) {
        const size_t single = std::min(bytes.size(), singleMax);
        sendInMessages(by, bytes.first(single), 1);
        sendInMessages(by, bytes.subspan(single), bytes.size());
    });
},
    },
    bulk<1>("ws.nbd.128k-in-1", "128 KiB of requests or replies in 1 message"),
    bulk<2>("ws.nbd.128k-in-2", "128 KiB of requests or replies in 2 messages"),
    bulk<3>("ws.nbd.128k-in-3", "128 KiB of requests or replies in 3 messages"),
    bulk<33>("ws.nbd.128k-in-33",
             "128 KiB of requests or replies in 33 messages"),
};

} // namespace

std::span<const Case> deliveryCases()
{
    return cases;
}

} // namespace conformance::ws
