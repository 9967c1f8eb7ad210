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
constexpr std::string_view allocationSpec = "proto.md, base:allocation "
                                            "metadata context";

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

const Area allocationArea{"base:allocation", cases};

} // namespace conformance::nbd
