// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/work_area.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view errorSpec = "proto.md, Error values";
constexpr std::string_view writeSpec = "proto.md, Request types, NBD_CMD_WRITE "
                                       "(1)";
constexpr std::string_view readOnlySays =
    "If this flag is set, the server MUST error subsequent write operations "
    "to the export";

/// Requests, as a payload: a server that takes them for requests says so.
Bytes looksLikeRequests(size_t size)
{
    Bytes bytes;
    while (bytes.size() < size)
    {
        append(bytes, encode(Request{0, Cmd{0x7777}, ~uint64_t{0}, 0, 0}));
    }
    bytes.resize(size);
    return bytes;
}

constexpr Case cases[] = {
    {
        .id = "nbd.write.read-back",
        .spec = writeSpec,
        .says = "The server MUST write the data to disk, and then send the "
                "reply message",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE into the middle and to the end of the export",
        .wants = "success, the data read back, and its neighbours unchanged",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    const WorkArea area(io);
    const Bytes data = noise(peer.random(), area.middleSize);
    io.wantSuccess({Cmd::write, area.middle, area.middleSize}, data);
    io.wantContent(area.begin, area.with(data), "what was written, or before");
    io.borrow(io.lastBlock(), io.block());
    const Bytes last = noise(peer.random(), io.block());
    io.wantSuccess({Cmd::write, io.lastBlock(), io.block()}, last);
    io.wantContent(io.lastBlock(), last, "what was written");
    return peer.verdict();
},
    },
    {
        .id = "nbd.write.unaligned",
        .spec = "proto.md, Size constraints",
        .says = "then a server SHOULD support a default minimum block size of "
                "1",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE of 1 to 3 bytes at odd offsets",
        .wants = "success, the bytes read back, and their neighbours unchanged",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needsMinimumOfOne();
    const WorkArea area(io);
    Bytes model = area.before;
    for (uint32_t length = 1; length <= 3; ++length)
    {
        const uint64_t at = area.middle + uint64_t{1001} * length;
        const Bytes data = noise(peer.random(), length);
        io.wantSuccess({Cmd::write, at, length}, data);
        std::ranges::copy(
            data, model.begin() + static_cast<std::ptrdiff_t>(at - area.begin));
    }
    io.wantContent(area.begin, model, "what was written, or before");
    return peer.verdict();
},
    },
    {
        .id = "nbd.write.beyond-end",
        .spec = errorSpec,
        .says = "The server SHOULD return `NBD_ENOSPC` if it receives a write "
                "request including one or more sectors beyond the size of the "
                "device",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE over the end, far behind it, and of a range "
                 "that wraps around 2^64",
        .wants = "NBD_ENOSPC each",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.borrow(io.lastBlock(), io.block());
    const Bytes data(uint64_t{2} * io.block());
    for (const uint64_t offset :
         {io.lastBlock(), uint64_t{1} << 62, uint64_t{0} - io.block()})
    {
        io.wantError({Cmd::write, offset, 2 * io.block()}, {ErrorValue::enospc},
                     data);
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.write.beyond-end.changes-nothing",
        .spec = writeSpec,
        .says = "If an error occurs, the server MUST set the appropriate error "
                "code in the error field",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE over the end, its payload made of requests",
        .wants = "an error, the payload skipped, and the content unchanged",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    const Bytes before = io.borrow(io.lastBlock(), io.block());
    const auto reply = io.answer({Cmd::write, io.lastBlock(), 16 * io.block()},
                                 looksLikeRequests(uint64_t{16} * io.block()));
    if (reply)
    {
        peer.want(!reply->succeeded(), "success", "an error");
    }
    io.wantContent(io.lastBlock(), before, "what was there before");
    return peer.verdict();
},
    },
    {
        .id = "nbd.write.refused.payload-skipped",
        .spec = "proto.md, Request message",
        .says = "*length* bytes of data if the request is of type "
                "`NBD_CMD_WRITE`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE with flag bit 15, its payload made of requests",
        .wants = "one reply, and the next request answered",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    const WorkArea area(io);
    io.answer({Cmd::write, area.middle, area.unit, 1 << 15},
              looksLikeRequests(area.unit));
    io.wantInStep();
    return peer.verdict();
},
    },
    {
        .id = "nbd.write.unknown-flag",
        .spec = errorSpec,
        .says = "The server SHOULD return `NBD_EINVAL` if it receives an "
                "unknown command flag",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE with flag bit 15",
        .wants = "NBD_EINVAL, and the content unchanged",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    const WorkArea area(io);
    io.wantError({Cmd::write, area.middle, area.unit, 1 << 15},
                 {ErrorValue::einval}, noise(peer.random(), area.unit));
    io.wantContent(area.begin, area.before, "what was there before");
    return peer.verdict();
},
    },
    {
        .id = "nbd.write.inapplicable-flag",
        .spec = errorSpec,
        .says = "It also SHOULD return `NBD_EINVAL` if it receives a request "
                "with a flag not explicitly documented as applicable to the "
                "given request",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE with NBD_CMD_FLAG_NO_HOLE, _DF, _REQ_ONE",
        .wants = "NBD_EINVAL each",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    const WorkArea area(io);
    const Bytes data = noise(peer.random(), area.unit);
    for (const uint16_t flag : {commandNoHole, commandDf, commandReqOne})
    {
        io.wantError({Cmd::write, area.middle, area.unit, flag},
                     {ErrorValue::einval}, data);
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.write.length-zero",
        .spec = writeSpec,
        .says = "The client SHOULD NOT request a write length of 0; the "
                "behavior of a server on such a request is unspecified "
                "although the server SHOULD NOT disconnect",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE of 0 bytes",
        .wants = "any reply, and the next request answered",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    return io.noteAnswer({Cmd::write, 0, 0});
},
    },
    {
        .id = "nbd.write.read-only",
        .spec = "proto.md, Transmission flags",
        .says = readOnlySays,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE to a read-only export",
        .wants = "an error, the payload skipped, and the content unchanged",
        .writes = true,
        .needs = Needs::plain | Needs::readOnly,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needs(readOnly, "READ_ONLY");
    const Bytes before = io.read(0, io.block());
    Bytes data = before;
    data.front() ^= std::byte{0xff};
    if (const auto reply = io.answer({Cmd::write, 0, io.block()}, data))
    {
        peer.want(!reply->succeeded(), "success", "an error");
    }
    io.wantContent(0, before, "what was there before");
    return peer.verdict();
},
    },
    {
        .id = "nbd.write.read-only.error",
        .spec = errorSpec,
        .says = "Finally, it SHOULD return `NBD_EPERM` if it receives a write "
                "or trim request on a read-only export",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE to a read-only export",
        .wants = "NBD_EPERM",
        .writes = true,
        .needs = Needs::plain | Needs::readOnly,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needs(readOnly, "READ_ONLY");
    io.wantError({Cmd::write, 0, io.block()}, {ErrorValue::eperm},
                 io.read(0, io.block()));
    return peer.verdict();
},
    },
    {
        .id = "nbd.write.half-payload",
        .spec = "proto.md, Terminating the transmission phase",
        .says = "The client or the server drops the TCP session (in which case "
                "it SHOULD shut down the TLS session first)",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE with half of its payload, then the connection "
                 "is dropped",
        .wants = "a second client that reads each byte as before or as sent, "
                 "and nothing else changed",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    const WorkArea area(io);
    const Bytes data = noise(peer.random(), area.middleSize);
    Peer other = peer.another();
    other.start();
    Exchange dropped(other);
    Bytes request = dropped.prepare(peer.random()(),
                                    {Cmd::write, area.middle, area.middleSize});
    append(request, ByteView(data).first(area.middleSize / 2));
    other.send(request, "NBD_CMD_WRITE with half of its payload");
    other.hangUp();
    const Bytes got = io.read(area.begin, area.size);
    const Bytes whole = area.with(data);
    for (size_t i = 0; i < got.size(); ++i)
    {
        peer.want(got[i] == area.before[i] || got[i] == whole[i],
                  fmt::format("{:#04x} at offset {}",
                              std::to_integer<unsigned>(got[i]),
                              area.begin + i),
                  "the byte as before or as sent");
    }
    return peer.verdict();
},
    },
};

} // namespace

const Area writeArea{"NBD_CMD_WRITE", cases};

} // namespace conformance::nbd
