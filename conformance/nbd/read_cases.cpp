// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/work_area.hpp"

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view readSpec = "proto.md, Request types, NBD_CMD_READ "
                                      "(0)";
constexpr std::string_view sizeSpec = "proto.md, Size constraints";

/// The first bytes of the export, in parts that begin and end at multiples of
/// @p step but nowhere else twice the same.
void wantSameInParts(Exchange& io, const Bytes& whole, uint32_t step)
{
    std::uniform_int_distribution<uint32_t> steps(1, 15);
    uint32_t offset = 0;
    while (offset < whole.size() && !io.peer().stopped())
    {
        const auto left = static_cast<uint32_t>(whole.size()) - offset;
        const uint32_t size = std::min(left, step * steps(io.peer().random()));
        io.wantContent(offset, ByteView(whole).subspan(offset, size),
                       "what one read of all of it gave");
        offset += size;
    }
}

uint32_t sampleSize(const Exchange& io)
{
    return static_cast<uint32_t>(
        std::min<uint64_t>(io.size() / io.block() * io.block(), 64 << 10));
}

constexpr Case cases[] = {
    {
        .id = "nbd.read.same-in-parts",
        .spec = readSpec,
        .says = "Length and offset define the data to be read",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "one NBD_CMD_READ of 64 KiB, then the same in parts",
        .wants = "the same bytes",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    const Bytes whole = io.read(0, sampleSize(io));
    wantSameInParts(io, whole, io.block());
    return peer.verdict();
},
    },
    {
        .id = "nbd.read.unaligned",
        .spec = sizeSpec,
        .says = "then a server SHOULD support a default minimum block size of "
                "1",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ of 1 to 15 bytes at any offset",
        .wants = "the bytes that a read of all of them gave",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needsMinimumOfOne();
    const Bytes whole = io.read(0, io.block());
    wantSameInParts(io, whole, 1);
    return peer.verdict();
},
    },
    {
        .id = "nbd.read.last-byte",
        .spec = sizeSpec,
        .says = "several operations are constrained by the export size sent by "
                "the final `NBD_OPT_EXPORT_NAME` or `NBD_OPT_GO`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ of the last block, and of the last byte if the "
                 "minimum block size is 1",
        .wants = "the data",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    const Bytes block = io.read(io.lastBlock(), io.block());
    if (io.minimum() == 1)
    {
        io.read(io.size() - 1, 1);
        io.wantContent(io.lastBlock() + io.block() - 1, ByteView(block).last(1),
                       "the last of the last block");
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.read.outside",
        .spec = "proto.md, Error values",
        .says = "It SHOULD return `NBD_EINVAL` if it receives a read or trim "
                "request including one or more sectors beyond the size of the "
                "device",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ at the end, 2^63 bytes behind it, and of a "
                 "range that wraps around 2^64",
        .wants = "NBD_EINVAL each, and the next request answered",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    const uint32_t block = io.block();
    const uint64_t end = io.lastBlock() + block;
    for (const uint64_t offset : {end < io.size() ? end + block : end,
                                  uint64_t{1} << 63, uint64_t{0} - block})
    {
        io.wantError({Cmd::read, offset, 2 * block}, {ErrorValue::einval});
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.read.length-zero",
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
    Exchange io(peer);
    return io.noteAnswer({Cmd::read, 0, 0});
},
    },
    {
        .id = "nbd.read.data-and-hole",
        .spec = readSpec,
        .says = "Length and offset define the data to be read",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ of data around zeroes that "
                 "NBD_CMD_WRITE_ZEROES made",
        .wants = "the data and the zeroes, byte for byte",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::simple);
    io.needs(sendWriteZeroes, "SEND_WRITE_ZEROES");
    const WorkArea area(io);
    Bytes data = noise(peer.random(), area.size);
    io.wantSuccess({Cmd::write, area.begin, area.size}, data);
    io.wantSuccess({Cmd::writeZeroes, area.middle, area.middleSize});
    std::fill_n(data.begin() +
                    static_cast<std::ptrdiff_t>(area.middle - area.begin),
                area.middleSize, std::byte{0});
    io.wantContent(area.begin, data, "data, zeroes, data");
    return peer.verdict();
},
    },
};

} // namespace

const Area readArea{"NBD_CMD_READ", cases};

} // namespace conformance::nbd
