// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "framings.hpp"

namespace conformance::ws
{

namespace
{

using vmedia::nbd::append;

constexpr std::string_view spec = "RFC 6455, 5.2";
constexpr std::string_view lengthSays =
    "The length of the \"Payload data\", in bytes: if 0-125, that is the "
    "payload length.  If 126, the following 2 bytes interpreted as a 16-bit "
    "unsigned integer are the payload length";
constexpr std::string_view minimalSays =
    "Note that in all cases, the minimal number of bytes MUST be used to "
    "encode the length, for example, the length of a 124-byte-long string "
    "can't be encoded as the sequence 126, 0, 124";
constexpr std::string_view parsedSays =
    "Incoming data MUST be parsed as WebSocket frames as defined in Section "
    "5.2";
constexpr std::string_view limitSays =
    "Such an implementation SHOULD impose a limit on frame sizes and the total "
    "message size after reassembly from multiple frames";
constexpr std::string_view delivered = "delivered as it is";
constexpr std::string_view failing =
    "Close 1002 and the end of the connection; nothing delivered";

Verdict deliversFrame(Peer& peer, size_t size)
{
    return delivers(peer, size,
                    [&peer](ByteView bytes) { peer.sendData(bytes); });
}

Verdict deliversChopped(Peer& peer, size_t size, size_t pieceSize)
{
    return delivers(peer, size, [&peer, pieceSize](ByteView bytes) {
        peer.sendInPieces(
            peer.framed({.payload = Bytes(bytes.begin(), bytes.end())}),
            pieceSize, "a frame");
    });
}

constexpr Case cases[] = {
    {
        .id = "ws.frm.len-0",
        .spec = spec,
        .says = lengthSays,
        .level = Level::must,
        .sends = "a binary message of 0 bytes",
        .wants = delivered,
        .autobahn = "1.2.1",
        .run =
            [](Peer& peer) {
    const auto talk = wantTalk(peer);
    peer.sendData({});
    const Bytes bytes = talk ? talk->next(peer, 1) : Bytes();
    peer.sendData(bytes);
    if (talk)
    {
        talk->wantAnswer(peer);
    }
    peer.wantOpenStill();
    return peer.verdict();
},
    },
    {
        .id = "ws.frm.len-1",
        .spec = spec,
        .says = lengthSays,
        .level = Level::must,
        .sends = "a binary message of 1 byte",
        .wants = delivered,
        .run = [](Peer& peer) { return deliversFrame(peer, 1); },
    },
    {
        .id = "ws.frm.len-125",
        .spec = spec,
        .says = lengthSays,
        .level = Level::must,
        .sends = "a binary message of 125 bytes",
        .wants = delivered,
        .autobahn = "1.2.2",
        .run = [](Peer& peer) { return deliversFrame(peer, 125); },
    },
    {
        .id = "ws.frm.len-126",
        .spec = spec,
        .says = lengthSays,
        .level = Level::must,
        .sends = "a binary message of 126 bytes",
        .wants = delivered,
        .autobahn = "1.2.3",
        .run = [](Peer& peer) { return deliversFrame(peer, 126); },
    },
    {
        .id = "ws.frm.len-127",
        .spec = spec,
        .says = lengthSays,
        .level = Level::must,
        .sends = "a binary message of 127 bytes",
        .wants = delivered,
        .autobahn = "1.2.4",
        .run = [](Peer& peer) { return deliversFrame(peer, 127); },
    },
    {
        .id = "ws.frm.len-128",
        .spec = spec,
        .says = lengthSays,
        .level = Level::must,
        .sends = "a binary message of 128 bytes",
        .wants = delivered,
        .autobahn = "1.2.5",
        .run = [](Peer& peer) { return deliversFrame(peer, 128); },
    },
    {
        .id = "ws.frm.len-65535",
        .spec = spec,
        .says = lengthSays,
        .level = Level::must,
        .sends = "a binary message of 65535 bytes",
        .wants = delivered,
        .autobahn = "1.2.6",
        .run = [](Peer& peer) { return deliversFrame(peer, 65535); },
    },
    {
        .id = "ws.frm.len-65536",
        .spec = spec,
        .says = lengthSays,
        .level = Level::must,
        .sends = "a binary message of 65536 bytes",
        .wants = delivered,
        .autobahn = "1.2.7",
        .run = [](Peer& peer) { return deliversFrame(peer, 65536); },
    },
    {
        .id = "ws.frm.len-65537",
        .spec = spec,
        .says = lengthSays,
        .level = Level::must,
        .sends = "a binary message of 65537 bytes",
        .wants = delivered,
        .run = [](Peer& peer) { return deliversFrame(peer, 65537); },
    },
    {
        .id = "ws.frm.chop-1",
        .spec = "RFC 6455, 6.2",
        .says = parsedSays,
        .level = Level::must,
        .sends = "a frame of 126 bytes, each byte in a segment of its own",
        .wants = delivered,
        .run = [](Peer& peer) { return deliversChopped(peer, 126, 1); },
    },
    {
        .id = "ws.frm.chop-997",
        .spec = "RFC 6455, 6.2",
        .says = parsedSays,
        .level = Level::must,
        .sends = "a frame of 64 KiB, 997 bytes in a segment",
        .wants = delivered,
        .autobahn = "1.2.8",
        .run = [](Peer& peer) { return deliversChopped(peer, 65536, 997); },
    },
    {
        .id = "ws.frm.coalesce-100",
        .spec = "RFC 6455, 6.2",
        .says = parsedSays,
        .level = Level::must,
        .sends = "100 frames in one segment",
        .wants = "all delivered, in order",
        .autobahn = "9.8.1",
        .run =
            [](Peer& peer) {
    constexpr size_t size = 28;
    return delivers(peer, 100 * size, [&peer](ByteView bytes) {
        Bytes frames;
        for (; !bytes.empty(); bytes = bytes.subspan(size))
        {
            const ByteView piece = bytes.first(size);
            append(frames,
                   ByteView(peer.framed(
                       {.payload = Bytes(piece.begin(), piece.end())})));
        }
        peer.sendBytes(frames, "100 frames in one segment");
    });
},
    },
    {
        .id = "ws.frm.nonmin-16-of-5",
        .spec = spec,
        .says = minimalSays,
        .level = Level::must,
        .sends = "a binary frame whose length of 5 is in 16 bits",
        .wants = failing,
        .run =
            [](Peer& peer) {
    return failsOn(peer, {.form = LengthForm::bits16}, 5);
},
    },
    {
        .id = "ws.frm.nonmin-16-of-125",
        .spec = spec,
        .says = minimalSays,
        .level = Level::must,
        .sends = "a binary frame whose length of 125 is in 16 bits",
        .wants = failing,
        .run =
            [](Peer& peer) {
    return failsOn(peer, {.form = LengthForm::bits16}, 125);
},
    },
    {
        .id = "ws.frm.nonmin-64-of-5",
        .spec = spec,
        .says = minimalSays,
        .level = Level::must,
        .sends = "a binary frame whose length of 5 is in 64 bits",
        .wants = failing,
        .run =
            [](Peer& peer) {
    return failsOn(peer, {.form = LengthForm::bits64}, 5);
},
    },
    {
        .id = "ws.frm.nonmin-64-of-200",
        .spec = spec,
        .says = minimalSays,
        .level = Level::must,
        .sends = "a binary frame whose length of 200 is in 64 bits",
        .wants = failing,
        .run =
            [](Peer& peer) {
    return failsOn(peer, {.form = LengthForm::bits64}, 200);
},
    },
    {
        .id = "ws.frm.nonmin-64-of-65535",
        .spec = spec,
        .says = minimalSays,
        .level = Level::must,
        .sends = "a binary frame whose length of 65535 is in 64 bits",
        .wants = failing,
        .run =
            [](Peer& peer) {
    return failsOn(peer, {.form = LengthForm::bits64}, 65535);
},
    },
    {
        .id = "ws.frm.len64-msb",
        .spec = spec,
        .says = "If 127, the following 8 bytes interpreted as a 64-bit "
                "unsigned integer (the most significant bit MUST be 0) are the "
                "payload length",
        .level = Level::must,
        .sends = "a binary frame that tells a length of 2^63",
        .wants = "Close 1002 or 1009, and the end of the connection",
        .run =
            [](Peer& peer) {
    return failsOn(peer, {.declared = uint64_t{1} << 63}, 5, {1002, 1009});
},
    },
    {
        .id = "ws.frm.len64-huge",
        .spec = "RFC 6455, 10.4",
        .says = limitSays,
        .level = Level::should,
        .sends = "a binary frame that tells a length of 2^62, and its first "
                 "bytes",
        .wants = "Close 1009 and the end of the connection at once; or the "
                 "bytes are delivered as they come",
        .run =
            [](Peer& peer) {
    const auto talk = wantTalk(peer);
    const Bytes bytes = talk ? talk->next(peer, 1) : Bytes();
    peer.sendFrame(
        {.payload = bytes, .mask = peer.mask(), .declared = uint64_t{1} << 62});
    while (!peer.stopped() && peer.streamSize() == 0 && !peer.ending().close &&
           peer.nextFrame())
    {}
    if (talk && peer.streamSize() != 0)
    {
        talk->wantAnswer(peer); // it keeps nothing back, so it needs no limit
    }
    else
    {
        peer.wantGone({1009});
    }
    return peer.verdict();
},
    },
};

} // namespace

std::span<const Case> lengthCases()
{
    return cases;
}

} // namespace conformance::ws
