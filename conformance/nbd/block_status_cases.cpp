// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/block_status.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view statusSpec = "proto.md, Request types, "
                                        "NBD_CMD_BLOCK_STATUS (7)";
constexpr std::string_view chunkSpec = "proto.md, Structured reply types, "
                                       "NBD_REPLY_TYPE_BLOCK_STATUS (5)";
constexpr uint64_t gibibyte = uint64_t{1} << 30;

/// Half of the export's blocks, or 1 MiB of it if that is less.
uint32_t queryLength(const Exchange& io)
{
    return static_cast<uint32_t>(
        std::min<uint64_t>(io.lastBlock() + io.block(), 1 << 20));
}

constexpr Case cases[] = {
    {
        .id = "nbd.block-status.one-chunk",
        .spec = statusSpec,
        .says = "For a successful return, the server MUST use a structured "
                "reply, containing exactly one chunk of type "
                "`NBD_REPLY_TYPE_BLOCK_STATUS` per selected context id",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_BLOCK_STATUS of up to 1 MiB, with base:allocation "
                 "selected",
        .wants = "one chunk, with the id of base:allocation",
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::statuses);
    const auto reply = io.answer({Cmd::blockStatus, 0, queryLength(io)});
    if (reply)
    {
        const auto count =
            std::ranges::count(reply->parts, Chunk::blockStatus,
                               [](const Part& part) { return part.type; });
        peer.want(reply->succeeded() && count == 1,
                  fmt::format("{}, {} chunks of status", nameOf(reply->error),
                              count));
        for (const Part& part : reply->parts)
        {
            peer.want(part.type != Chunk::blockStatus ||
                          (part.payload.size() >= 4 &&
                           Reader{part.payload}.u32() == io.context()),
                      "the id of another context",
                      fmt::format("context id {}", io.context()));
        }
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.block-status.chunk-length",
        .spec = chunkSpec,
        .says = "*length* MUST be 4 + (a positive integer multiple of 8)",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_BLOCK_STATUS of up to 1 MiB",
        .wants = "a chunk that holds an id and whole descriptors, none of "
                 "length 0",
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::statuses);
    const auto reply = io.answer({Cmd::blockStatus, 0, queryLength(io)});
    if (!reply)
    {
        return peer.verdict();
    }
    for (const Part& part : reply->parts)
    {
        if (part.type == Chunk::blockStatus)
        {
            const size_t size = part.payload.size();
            peer.want(size >= 12 && size % 8 == 4, describe(part),
                      "12, 20, 28 ... bytes");
        }
    }
    for (const Descriptor& one : statusOf(io, 0, queryLength(io)))
    {
        peer.want(one.length != 0, "a descriptor of length 0");
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.block-status.req-one",
        .spec = chunkSpec,
        .says = "every reply chunk MUST contain exactly one descriptor, and "
                "that descriptor MUST NOT exceed the *length* of the original "
                "request",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_BLOCK_STATUS with NBD_CMD_FLAG_REQ_ONE of one block, "
                 "and of up to 1 MiB",
        .wants = "one descriptor, not longer than was asked for",
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::statuses);
    for (const uint32_t length : {io.block(), queryLength(io)})
    {
        const auto found = statusOf(io, 0, length, commandReqOne);
        peer.want(found.size() <= 1,
                  fmt::format("{} descriptors", found.size()));
        peer.want(found.empty() || found.front().length <= length,
                  fmt::format("a descriptor of {} bytes",
                              found.empty() ? 0 : found.front().length),
                  fmt::format("at most {} bytes", length));
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.block-status.within-request",
        .spec = chunkSpec,
        .says = "the sum of the *length* fields of the first N-1 extents (if "
                "any) MUST be less than the requested length",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_BLOCK_STATUS over data and zeroes that were written",
        .wants =
            "no descriptor that begins at or behind the end of the request",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::statuses);
    const WorkArea area(io);
    makePattern(io, area);
    for (uint32_t length = area.unit; length <= area.size; length += area.unit)
    {
        uint64_t sum = 0;
        for (const Descriptor& one : statusOf(io, area.begin, length))
        {
            peer.want(sum < length,
                      fmt::format("{} bytes before the last descriptor", sum),
                      fmt::format("fewer than {}", length));
            sum += one.length;
        }
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.block-status.beyond-end",
        .spec = statusSpec,
        .says = "The server SHOULD return `NBD_EINVAL` if it receives a "
                "`NBD_CMD_BLOCK_STATUS` request including one or more sectors "
                "beyond the size of the device",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_BLOCK_STATUS of two blocks from the last one on, and "
                 "of a range that wraps around 2^64",
        .wants = "NBD_EINVAL each",
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::statuses);
    for (const uint64_t offset : {io.lastBlock(), uint64_t{0} - io.block()})
    {
        io.wantError({Cmd::blockStatus, offset, 2 * io.block()},
                     {ErrorValue::einval});
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.block-status.length-zero",
        .spec = statusSpec,
        .says = "The client SHOULD NOT request a status length of 0; the "
                "behavior of a server on such a request is unspecified "
                "although the server SHOULD NOT disconnect",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_BLOCK_STATUS of 0 bytes",
        .wants = "any reply, and the next request answered",
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::statuses);
    return io.noteAnswer({Cmd::blockStatus, 0, 0});
},
    },
    {
        .id = "nbd.block-status.no-context",
        .spec = "proto.md, Metadata querying",
        .says = "Servers SHOULD reply with `NBD_EINVAL` to clients sending "
                "`NBD_CMD_BLOCK_STATUS` without selecting at least one "
                "metadata context",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_BLOCK_STATUS, after nothing was negotiated",
        .wants = "NBD_EINVAL",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.wantError({Cmd::blockStatus, 0, io.block()}, {ErrorValue::einval});
    return peer.verdict();
},
    },
    {
        .id = "nbd.block-status.no-context.structured",
        .spec = "proto.md, Metadata querying",
        .says = "Servers SHOULD reply with `NBD_EINVAL` to clients sending "
                "`NBD_CMD_BLOCK_STATUS` without selecting at least one "
                "metadata context",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_BLOCK_STATUS, after structured replies but no "
                 "context were negotiated",
        .wants = "NBD_EINVAL",
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::structured);
    io.wantError({Cmd::blockStatus, 0, io.block()}, {ErrorValue::einval});
    return peer.verdict();
},
    },
    {
        .id = "nbd.block-status.extents-per-chunk",
        .spec = chunkSpec,
        .says = "Servers SHOULD NOT send more than 2^20 extents in a single "
                "reply chunk",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_BLOCK_STATUS of as much as there is",
        .wants = "at most 2^20 descriptors",
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::statuses);
    const auto length = static_cast<uint32_t>(
        std::min<uint64_t>(io.lastBlock() + io.block(), 0U - io.block()));
    const auto found = statusOf(io, 0, length);
    peer.want(found.size() <= 1 << 20,
              fmt::format("{} descriptors", found.size()));
    return peer.verdict();
},
    },
    {
        .id = "nbd.block-status.longest",
        .spec = statusSpec,
        .says = "the server MAY return less data than requested",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "NBD_CMD_BLOCK_STATUS of 2^32 - 1 bytes, or 2^32 less one "
                 "block, of an export that is larger",
        .wants = "an answer (the shape of CVE-2025-47711)",
        .needs = Needs::plain | Needs::large,
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::statuses);
    io.needsSize(5 * gibibyte, "5 GiB");
    const uint32_t length = io.minimum() == 1 ? 0xffffffff : 0U - io.block();
    io.answer({Cmd::blockStatus, 0, length});
    io.answer({Cmd::blockStatus, gibibyte / 2, length});
    io.wantInStep();
    return peer.verdict();
},
    },
};

} // namespace

const Area blockStatusArea{"NBD_CMD_BLOCK_STATUS", cases};

} // namespace conformance::nbd
