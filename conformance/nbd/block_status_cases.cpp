// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/exchange.hpp"

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
constexpr std::string_view allocationSpec = "proto.md, base:allocation "
                                            "metadata context";
constexpr uint64_t gibibyte = uint64_t{1} << 30;

struct Descriptor
{
    uint32_t length;
    uint32_t status;
};

/// What is told of a range, if it is told in the right shape.
std::vector<Descriptor> statusOf(Exchange& io, uint64_t offset, uint32_t length,
                                 uint16_t flags = 0)
{
    Peer& peer = io.peer();
    const auto reply = io.answer({Cmd::blockStatus, offset, length, flags});
    if (!reply)
    {
        return {};
    }
    peer.want(reply->succeeded(),
              nameOf(reply->error) + " to " + describe(reply->ask),
              "descriptors");
    std::vector<Descriptor> found;
    for (const Part& part : reply->parts)
    {
        Reader reader{part.payload};
        if (part.type != Chunk::blockStatus || reader.left() < 12)
        {
            continue;
        }
        reader.u32();
        while (reader.left() >= 8)
        {
            found.push_back({reader.u32(), reader.u32()});
        }
    }
    peer.want(!found.empty() || !reply->succeeded(),
              "no descriptor for " + describe(reply->ask),
              "at least one descriptor");
    return found;
}

/// Half of the export's blocks, or 1 MiB of it if that is less.
uint32_t queryLength(const Exchange& io)
{
    return static_cast<uint32_t>(
        std::min<uint64_t>(io.lastBlock() + io.block(), 1 << 20));
}

/// Data and zeroes in turn, so that there is something to tell.
void makePattern(Exchange& io, const WorkArea& area)
{
    io.wantSuccess({Cmd::write, area.begin, area.size},
                   noise(io.peer().random(), area.size));
    if (io.has(sendWriteZeroes))
    {
        io.wantSuccess({Cmd::writeZeroes, area.middle, area.middleSize});
    }
}

/// From the start to the end, each query from where the last answer ended.
template <typename Visit>
void walk(Exchange& io, Visit visit)
{
    constexpr int queriesMax = 10'000;
    constexpr uint32_t step = 64U << 20;
    const uint64_t end = io.lastBlock() + io.block();
    uint64_t offset = 0;
    for (int i = 0; offset < end && !io.peer().stopped(); ++i)
    {
        if (i == queriesMax)
        {
            return io.peer().conclude(
                notTested("the export has too many extents to see them all"));
        }
        const auto length =
            static_cast<uint32_t>(std::min<uint64_t>(end - offset, step));
        for (const Descriptor& one : statusOf(io, offset, length))
        {
            visit(offset, one);
            offset += one.length;
        }
    }
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
        .id = "nbd.block-status.reserved-flags-clear",
        .spec = allocationSpec,
        .says = "Servers SHOULD set it to all-zero; clients MUST ignore "
                "unknown flags",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_BLOCK_STATUS from the start to the end",
        .wants = "no flags but NBD_STATE_HOLE and NBD_STATE_ZERO",
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::statuses);
    walk(io, [&](uint64_t offset, const Descriptor& one) {
        peer.want((one.status & ~uint32_t{stateHole | stateZero}) == 0,
                  fmt::format("flags {:#x} at offset {}", one.status, offset));
    });
    return peer.verdict();
},
    },
    {
        .id = "nbd.block-status.zeroes-are-zero",
        .spec = allocationSpec,
        .says = "if set, the block contents read as all zeroes; if clear, the "
                "block contents are not known",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_BLOCK_STATUS over data and zeroes that were written, "
                 "then NBD_CMD_READ",
        .wants = "zeroes where NBD_STATE_ZERO is set",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::statuses);
    const WorkArea area(io);
    makePattern(io, area);
    const Bytes content = io.read(area.begin, area.size);
    uint64_t offset = 0;
    while (offset < area.size && !peer.stopped())
    {
        for (const Descriptor& one :
             statusOf(io, area.begin + offset,
                      static_cast<uint32_t>(area.size - offset)))
        {
            const uint64_t end = std::min<uint64_t>(area.size,
                                                    offset + one.length);
            for (; offset < end; ++offset)
            {
                peer.want((one.status & stateZero) == 0 ||
                              content[offset] == std::byte{0},
                          fmt::format("data at offset {}", area.begin + offset),
                          "a zero, for NBD_STATE_ZERO is set");
            }
        }
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.block-status.whole-export",
        .spec = statusSpec,
        .says = "However the server MUST return at least one status "
                "descriptor, and since each status descriptor has a non-zero "
                "length, a client can always make progress on a successful "
                "return",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_BLOCK_STATUS from the start to the end, each from "
                 "where the last answer ended",
        .wants =
            "descriptors of a length above 0, up to the end and no further",
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::statuses);
    walk(io, [&](uint64_t offset, const Descriptor& one) {
        peer.want(one.length > 0,
                  fmt::format("a descriptor of length 0 at offset {}", offset));
        peer.want(one.length <= io.size() - offset,
                  fmt::format("{} bytes from offset {}", one.length, offset),
                  fmt::format("at most {} bytes: there the export ends",
                              io.size() - offset));
    });
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
        .id = "nbd.block-status.extents-aligned",
        .spec = statusSpec,
        .says = "The server SHOULD use descriptor lengths that are an integer "
                "multiple of any advertised minimum block size",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_BLOCK_STATUS over data and zeroes that were written",
        .wants = "lengths that are multiples of 512 and of the minimum block "
                 "size",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::statuses);
    const WorkArea area(io);
    makePattern(io, area);
    walk(io, [&](uint64_t offset, const Descriptor& one) {
        peer.want(one.length % io.block() == 0 ||
                      offset + one.length == io.size(),
                  fmt::format("{} bytes from offset {}", one.length, offset),
                  fmt::format("a multiple of {}", io.block()));
    });
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
    {
        .id = "nbd.block-status.allocated-is-writable",
        .spec = allocationSpec,
        .says = "then writing to an extent which has `NBD_STATE_HOLE` clear "
                "MUST NOT fail with `NBD_ENOSPC` unless for reasons specified "
                "in the definition of another context",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE, NBD_CMD_BLOCK_STATUS, and NBD_CMD_WRITE again "
                 "where NBD_STATE_HOLE is clear",
        .wants = "no NBD_ENOSPC",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::statuses);
    const WorkArea area(io);
    const Bytes data = noise(peer.random(), area.unit);
    io.wantSuccess({Cmd::write, area.middle, area.unit}, data);
    const auto found = statusOf(io, area.middle, area.unit, commandReqOne);
    if (!found.empty() && (found.front().status & stateHole) == 0)
    {
        const auto reply = io.answer({Cmd::write, area.middle, area.unit},
                                     data);
        peer.want(!reply || reply->error != ErrorValue::enospc, "NBD_ENOSPC",
                  "any other answer");
    }
    return peer.verdict();
},
    },
};

} // namespace

const Area blockStatusArea{"NBD_CMD_BLOCK_STATUS", cases};

} // namespace conformance::nbd
