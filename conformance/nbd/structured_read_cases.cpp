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

constexpr std::string_view typeSpec = "proto.md, Structured reply types";
constexpr std::string_view readSpec = "proto.md, Request types, NBD_CMD_READ "
                                      "(0), Structured replies";

/// The least that a server has to send in one piece ("NBD_CMD_READ").
constexpr uint32_t unfragmented = 65536;

/// A read of data with zeroes in the middle.
std::optional<Reply> readMixed(Exchange& io, const WorkArea& area,
                               uint16_t flags = 0)
{
    io.wantSuccess({Cmd::write, area.begin, area.size},
                   noise(io.peer().random(), area.size));
    if (io.has(sendWriteZeroes))
    {
        io.wantSuccess({Cmd::writeZeroes, area.middle, area.middleSize});
    }
    return io.answer({Cmd::read, area.begin, area.size, flags});
}

/// Content of that type: well-formed, inside the request, no overlap.
void judgeContent(Exchange& io, const Reply& reply, Chunk type)
{
    std::vector<Part::Range> seen;
    for (const Part& part : reply.parts)
    {
        if (!part.isContent())
        {
            continue;
        }
        const Part::Range range = part.range();
        if (part.type == type)
        {
            const bool shape = type == Chunk::offsetData
                                   ? part.payload.size() >= 9
                                   : part.payload.size() == 12;
            io.peer().want(shape && range.length > 0 && range.liesIn(reply.ask),
                           describe(part) + ", in reply to " +
                               describe(reply.ask),
                           "at least one byte, inside the request");
        }
        for (const Part::Range& other : seen)
        {
            io.peer().want(range.offset >= other.offset + other.length ||
                               other.offset >= range.offset + range.length,
                           describe(part) + ", part of which came before",
                           "chunks that do not overlap");
        }
        seen.push_back(range);
    }
}

constexpr Case cases[] = {
    {
        .id = "nbd.structured.data-chunks",
        .spec = typeSpec,
        .says = "The data MUST lie within the bounds of the original offset "
                "and length of the client's request, and MUST NOT overlap with "
                "the bounds of any earlier content chunk or error chunk in the "
                "same reply",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ over data and zeroes that were written",
        .wants = "NBD_REPLY_TYPE_OFFSET_DATA of at least one byte each, inside "
                 "the request, without overlap",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::structured);
    const WorkArea area(io);
    if (const auto reply = readMixed(io, area))
    {
        judgeContent(io, *reply, Chunk::offsetData);
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.structured.hole-chunks",
        .spec = typeSpec,
        .says = "The hole MUST lie within the bounds of the original offset "
                "and length of the client's request, and MUST NOT overlap with "
                "the bounds of any earlier content chunk or error chunk in the "
                "same reply",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ over data and zeroes that were written",
        .wants = "NBD_REPLY_TYPE_OFFSET_HOLE of 12 bytes, its size not 0, "
                 "inside the request, without overlap",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::structured);
    const WorkArea area(io);
    const auto reply = readMixed(io, area);
    if (!reply)
    {
        return peer.verdict();
    }
    if (std::ranges::none_of(reply->parts, [](const Part& part) {
        return part.type == Chunk::offsetHole;
    }))
    {
        peer.conclude(notApplicable("the target sends no holes"));
    }
    judgeContent(io, *reply, Chunk::offsetHole);
    return peer.verdict();
},
    },
    {
        .id = "nbd.structured.read-is-covered",
        .spec = readSpec,
        .says = "When no error is detected, the server MUST send enough data "
                "chunks to cover the entire region described by the offset and "
                "length of the client's request",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ of one block, and of up to 1 MiB",
        .wants = "chunks that make up all of it",
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::structured);
    io.read(0, io.block());
    io.read(0, static_cast<uint32_t>(
                   std::min<uint64_t>(io.lastBlock() + io.block(), 1 << 20)));
    return peer.verdict();
},
    },
    {
        .id = "nbd.structured.same-as-simple",
        .spec = readSpec,
        .says = "Length and offset define the data to be read",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ over data and zeroes that were written, by a "
                 "client with and one without structured replies",
        .wants = "the same bytes",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::structured);
    const WorkArea area(io);
    const auto reply = readMixed(io, area);
    Peer other = peer.another();
    other.start();
    Exchange simple(other);
    if (reply)
    {
        peer.want(reply->complete, "chunks that do not make up the request");
        simple.wantContent(area.begin, reply->data, "what the chunks told");
    }
    peer.conclude(other.verdict());
    return peer.verdict();
},
    },
    {
        .id = "nbd.structured.df-one-chunk",
        .spec = readSpec,
        .says = "If this flag is set, the server MUST send at most one content "
                "chunk, although it MAY still send multiple chunks",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ with NBD_CMD_FLAG_DF over data and zeroes that "
                 "were written",
        .wants = "one NBD_REPLY_TYPE_OFFSET_DATA with all of it",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::structured);
    io.needs(sendDf, "SEND_DF");
    const WorkArea area(io);
    const auto reply = readMixed(io, area, commandDf);
    if (reply)
    {
        const auto count = std::ranges::count_if(
            reply->parts, [](const Part& part) { return part.isContent(); });
        peer.want(count <= 1, fmt::format("{} content chunks", count));
        peer.want(reply->complete, "not all of the data");
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.structured.df-small",
        .spec = readSpec,
        .says = "the server MUST support unfragmented reads in which the "
                "client's request length does not exceed 65,536 bytes",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ of 65536 bytes with NBD_CMD_FLAG_DF",
        .wants = "the data",
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::structured);
    io.needs(sendDf, "SEND_DF");
    io.read(0,
            static_cast<uint32_t>(
                std::min<uint64_t>(io.lastBlock() + io.block(), unfragmented)),
            commandDf);
    return peer.verdict();
},
    },
    {
        .id = "nbd.structured.df-large",
        .spec = readSpec,
        .says = "A server MAY reject a client's request with the error "
                "`NBD_EOVERFLOW` if the length is too large to send without "
                "fragmentation, in which case it MUST NOT send a content chunk",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ of 1 MiB with NBD_CMD_FLAG_DF",
        .wants = "the data in one chunk, or NBD_EOVERFLOW and no data",
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::structured);
    io.needs(sendDf, "SEND_DF");
    io.needsSize(uint64_t{2} * unfragmented, "131072 bytes");
    const auto length = static_cast<uint32_t>(
        std::min<uint64_t>(io.lastBlock() + io.block(), 1 << 20));
    if (const auto reply = io.answer({Cmd::read, 0, length, commandDf}))
    {
        const auto count = std::ranges::count_if(
            reply->parts, [](const Part& part) { return part.isContent(); });
        peer.want(
            reply->succeeded()
                ? count == 1 && reply->complete
                : count == 0 && reply->error == ErrorValue::eoverflow,
            fmt::format("{}, {} content chunks", nameOf(reply->error), count));
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.structured.chunk-boundaries",
        .spec = readSpec,
        .says = "the server SHOULD use chunks with lengths and offsets as an "
                "integer multiple of 512 bytes, where possible",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ over data and zeroes that were written",
        .wants = "chunks that begin and end at multiples of 512",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::structured);
    const WorkArea area(io);
    if (const auto reply = readMixed(io, area))
    {
        for (const Part& part : reply->parts)
        {
            const auto [offset, length] = part.range();
            peer.want(!part.isContent() ||
                          (offset % 512 == 0 && length % 512 == 0),
                      describe(part));
        }
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.structured.read-length-zero",
        .spec = readSpec,
        .says = "The client SHOULD NOT request a read length of 0; the "
                "behavior of a server on such a request is unspecified "
                "although the server SHOULD NOT disconnect",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ of 0 bytes",
        .wants = "any reply, and the next request answered",
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::structured);
    return io.noteAnswer({Cmd::read, 0, 0});
},
    },
    {
        .id = "nbd.structured.chunk-within-maximum",
        .spec = typeSpec,
        .says = "A server MUST NOT send a chunk where any variable-length "
                "portion of the chunk is larger than any advertised maximum "
                "payload size",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ of one block more than the maximum payload",
        .wants = "chunks of at most the maximum payload, or an error",
        .needs = Needs::plain | Needs::large,
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::structured);
    io.needsBlockSizes();
    io.needsSize(uint64_t{io.maximumPayload()} + io.block(),
                 "the maximum payload and a block");
    if (const auto reply =
            io.answer({Cmd::read, 0, io.maximumPayload() + io.block()}))
    {
        for (const Part& part : reply->parts)
        {
            peer.want(part.type != Chunk::offsetData ||
                          part.range().length <= io.maximumPayload(),
                      describe(part),
                      fmt::format("at most {} bytes", io.maximumPayload()));
        }
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.structured.read-above-maximum",
        .spec = readSpec,
        .says = "A server MAY support read requests larger than the maximum "
                "payload size by splitting the response across multiple chunks",
        .level = Level::may,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ of one block more than the maximum payload",
        .wants = "the data or an error, and the next request answered",
        .needs = Needs::plain | Needs::large,
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::structured);
    io.needsSize(uint64_t{io.maximumPayload()} + io.block(),
                 "the maximum payload and a block");
    return io.noteAnswer({Cmd::read, 0, io.maximumPayload() + io.block()});
},
    },
};

} // namespace

const Area structuredReadArea{"NBD_CMD_READ, structured", cases};

} // namespace conformance::nbd
