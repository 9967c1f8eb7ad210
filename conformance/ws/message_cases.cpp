// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "closings.hpp"
#include "framings.hpp"
#include "unread.hpp"
#include "usage_watch.hpp"

#include <functional>

namespace conformance::ws
{

namespace
{

constexpr std::string_view spec = "RFC 6455, 10.4";
constexpr std::string_view says =
    "Implementations that have implementation- and/or platform-specific "
    "limitations regarding the frame size or total message size after "
    "reassembly from multiple frames MUST protect themselves against "
    "exceeding those limits.";
constexpr std::string_view orTooBig =
    "it is delivered as it is, or Close 1009 and the end of the connection";
constexpr std::string_view streamSpec = "RFC 6455, 5.4";
constexpr std::string_view streamSays =
    "NBD is a stream: where its messages end is no matter of where WebSocket "
    "messages end.";
constexpr std::string_view asItIs = "all of it is delivered as it is";

constexpr size_t capped = (16U << 20) + 1;
constexpr uint16_t tooBig = 1009;

/// What @p framed makes of @p size bytes is delivered, or refused because of
/// its size: nothing between.
Verdict fits(Peer& peer, size_t size,
             const std::function<Bytes(ByteView)>& framed)
{
    const auto talk = wantTalk(peer);
    const Bytes all = talk ? talk->bulk(peer, size) : Bytes();
    if (peer.stopped())
    {
        return peer.verdict();
    }
    const bool wasRead = peer.sendUntilStuck(framed(ByteView(all).first(size)),
                                             "what may be too much");
    if (!wasRead || !peer.fence())
    {
        peer.leaveCloseUnanswered(); // inside a frame there is no place for it
        peer.wantGone({tooBig});
        return peer.verdict();
    }
    if (all.size() > size)
    {
        peer.sendData(ByteView(all).subspan(size));
    }
    talk->wantAnswer(peer);
    peer.wantOpenStill();
    return peer.verdict();
}

template <size_t size>
constexpr Case message(std::string_view id, std::string_view sends)
{
    return {.id = id,
            .spec = spec,
            .says = says,
            .level = Level::robustness,
            .sends = sends,
            .wants = orTooBig,
            .run = [](Peer& peer) {
        return fits(peer, size, [&peer](ByteView bytes) {
            return inMessages(peer, bytes, size);
        });
    }};
}

Verdict exceedsByFragments(Peer& peer)
{
    return fits(peer, capped, [&peer](ByteView bytes) {
        constexpr size_t mib = 1U << 20;
        Bytes all;
        for (Frame& one :
             fragmentsOf(bytes, {mib, mib, mib, mib, mib, mib, mib, mib, mib,
                                 mib, mib, mib, mib, mib, mib, mib}))
        {
            vmedia::nbd::append(all, ByteView(peer.framed(std::move(one))));
        }
        return all;
    });
}

Verdict declaresOnly(Peer& peer)
{
    constexpr std::chrono::milliseconds patience{500};
    constexpr uint64_t growthMax = 8 * mebi;
    openTalk(peer);
    UsageWatch usage(peer);
    Frame frame{.declared = capped};
    frame.mask = peer.mask();
    peer.sendFrame(frame);
    peer.waitOut(patience);
    const Ending& end = peer.ending();
    if (end.close || end.ended == Ended::closed)
    {
        peer.wantGone({tooBig});
        return peer.verdict();
    }
    usage.wantMemoryBelow(growthMax);
    peer.hangUp();
    wantFreeSlot(peer);
    return peer.verdict();
}

Verdict splitsMuch(Peer& peer)
{
    constexpr size_t size = 2U << 20;
    constexpr size_t piece = 64U << 10;
    return delivers(peer, size, [&peer](ByteView bytes) {
        peer.sendBytes(inMessages(peer, bytes, piece),
                       "2 MiB in messages of 64 KiB");
    });
}

/// Two messages of NBD, as long as an NBD client lets them be, in one.
Verdict joinsTwo(Peer& peer)
{
    constexpr size_t one = (128U << 10) + 16; // a reply with its header
    const auto talk = wantTalk(peer);
    const Bytes all = talk ? talk->bulk(peer, 2 * one) : Bytes();
    peer.sendData(all);
    if (talk)
    {
        talk->wantAnswer(peer);
    }
    peer.wantOpenStill();
    return peer.verdict();
}

constexpr Case cases[] = {
    message<131072>("ws.lim.msg-131072", "a message of 131072 bytes"),
    message<131088>("ws.lim.msg-131088",
                    "a message of 131088 bytes: 128 KiB and a reply's header"),
    message<131089>("ws.lim.msg-131089", "a message of 131089 bytes"),
    message<262144>("ws.lim.msg-262144", "a message of 262144 bytes"),
    message<(1U << 20)>("ws.lim.msg-1m", "a message of 1 MiB"),
    message<(16U << 20)>("ws.lim.msg-16m", "a message of 16 MiB"),
    message<capped>("ws.lim.msg-16m-1", "a message of 16 MiB and a byte"),
    {
        .id = "ws.lim.frags-total-over-cap",
        .spec = spec,
        .says = says,
        .level = Level::robustness,
        .sends = "a message of 16 MiB and a byte, in fragments of 1 MiB",
        .wants = orTooBig,
        .run = exceedsByFragments,
    },
    {
        .id = "ws.lim.declared-only-16m",
        .spec = spec,
        .says = says,
        .level = Level::robustness,
        .sends = "the header of a frame of 16 MiB and a byte, and no payload",
        .wants = "Close 1009, or patience that costs less than 8 MiB",
        .run = declaresOnly,
    },
    {
        .id = "ws.lim.nbd-reply-split-any",
        .spec = streamSpec,
        .says = streamSays,
        .level = Level::robustness,
        .sends = "2 MiB of requests or replies, in messages of 64 KiB",
        .wants = asItIs,
        .run = splitsMuch,
    },
    {
        .id = "ws.lim.nbd-coalesce-2-replies",
        .spec = streamSpec,
        .says = streamSays,
        .level = Level::robustness,
        .sends = "two writes or two replies of 128 KiB in one message",
        .wants = asItIs,
        .run = joinsTwo,
    },
};

} // namespace

std::span<const Case> messageCases()
{
    return cases;
}

} // namespace conformance::ws
