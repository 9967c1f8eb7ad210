// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/work_area.hpp"

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view zeroSpec = "proto.md, Request types, "
                                      "NBD_CMD_WRITE_ZEROES (6)";
constexpr std::string_view eachZeroFlag = "SEND_WRITE_ZEROES";
constexpr uint64_t gibibyte = uint64_t{1} << 30;

/// Zeroes amid data: they, and nothing else, are zero afterwards.
Verdict zeroesAmidData(Peer& peer, uint16_t flags)
{
    Exchange io(peer);
    io.needs(sendWriteZeroes, eachZeroFlag);
    const WorkArea area(io);
    Bytes data = noise(peer.random(), area.size);
    io.wantSuccess({Cmd::write, area.begin, area.size}, data);
    io.wantSuccess({Cmd::writeZeroes, area.middle, area.middleSize, flags});
    std::fill_n(data.begin() +
                    static_cast<std::ptrdiff_t>(area.middle - area.begin),
                area.middleSize, std::byte{0});
    io.wantContent(area.begin, data, "data, zeroes, data");
    return peer.verdict();
}

constexpr Case cases[] = {
    {
        .id = "nbd.zero.content",
        .spec = zeroSpec,
        .says = "it MUST ensure that the data reads back as zero",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE_ZEROES amid data",
        .wants = "success, zeroes, and the data before and behind unchanged",
        .writes = true,
        .run = [](Peer& peer) { return zeroesAmidData(peer, 0); },
    },
    {
        .id = "nbd.zero.unaligned",
        .spec = "proto.md, Size constraints",
        .says = "then a server SHOULD support a default minimum block size of "
                "1",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE_ZEROES of 5001 bytes at an odd offset",
        .wants = "success, zeroes, and the data before and behind unchanged",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needs(sendWriteZeroes, eachZeroFlag);
    io.needsMinimumOfOne();
    const WorkArea area(io);
    Bytes data = noise(peer.random(), area.size);
    io.wantSuccess({Cmd::write, area.begin, area.size}, data);
    io.wantSuccess({Cmd::writeZeroes, area.begin + 4001, 5001});
    std::fill_n(data.begin() + 4001, 5001, std::byte{0});
    io.wantContent(area.begin, data, "data, zeroes, data");
    return peer.verdict();
},
    },
    {
        .id = "nbd.zero.no-hole",
        .spec = "proto.md, Command flags",
        .says = "The server MUST support the use of this flag if it advertises "
                "`NBD_FLAG_SEND_WRITE_ZEROES`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE_ZEROES with NBD_CMD_FLAG_NO_HOLE amid data",
        .wants = "success, zeroes, and the data before and behind unchanged",
        .writes = true,
        .run = [](Peer& peer) { return zeroesAmidData(peer, commandNoHole); },
    },
    {
        .id = "nbd.zero.no-hole.allocates",
        .spec = zeroSpec,
        .says = "the client MAY set the command flag `NBD_CMD_FLAG_NO_HOLE` to "
                "inform the server that the area MUST be fully provisioned",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE_ZEROES with NBD_CMD_FLAG_NO_HOLE, then "
                 "NBD_CMD_BLOCK_STATUS of the same range",
        .wants = "NBD_STATE_HOLE clear",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::statuses);
    io.needs(sendWriteZeroes, eachZeroFlag);
    const WorkArea area(io);
    io.wantSuccess(
        {Cmd::writeZeroes, area.middle, area.middleSize, commandNoHole});
    const auto reply = io.answer({Cmd::blockStatus, area.middle, area.unit});
    if (reply && reply->succeeded() && !reply->parts.empty())
    {
        Reader reader{reply->parts.front().payload};
        peer.want(reader.left() >= 12, "a chunk without a descriptor");
        if (reader.left() >= 12)
        {
            reader.bytes(8);
            peer.want((reader.u32() & stateHole) == 0, "NBD_STATE_HOLE set");
        }
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.zero.beyond-end",
        .spec = zeroSpec,
        .says = "The server SHOULD return `NBD_ENOSPC` if it receives a write "
                "zeroes request including one or more sectors beyond the size "
                "of the device",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE_ZEROES of two blocks from the last one on, and "
                 "of a range that wraps around 2^64",
        .wants = "NBD_ENOSPC each, and the content unchanged",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needs(sendWriteZeroes, eachZeroFlag);
    const Bytes before = io.borrow(io.lastBlock(), io.block());
    for (const uint64_t offset : {io.lastBlock(), uint64_t{0} - io.block()})
    {
        io.wantError({Cmd::writeZeroes, offset, 2 * io.block()},
                     {ErrorValue::enospc});
    }
    io.wantContent(io.lastBlock(), before, "what was there before");
    return peer.verdict();
},
    },
    {
        .id = "nbd.zero.read-only",
        .spec = zeroSpec,
        .says = "It SHOULD return `NBD_EPERM` if it receives a write zeroes "
                "request on a read-only export",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE_ZEROES to a read-only export",
        .wants = "NBD_EPERM, and the content unchanged",
        .writes = true,
        .needs = Needs::plain | Needs::readOnly,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needs(readOnly, "READ_ONLY");
    const Bytes before = io.read(0, io.block());
    io.wantError({Cmd::writeZeroes, 0, io.block()}, {ErrorValue::eperm});
    io.wantContent(0, before, "what was there before");
    return peer.verdict();
},
    },
    {
        .id = "nbd.zero.length-zero",
        .spec = zeroSpec,
        .says = "The client SHOULD NOT request a write length of 0; the "
                "behavior of a server on such a request is unspecified "
                "although the server SHOULD NOT disconnect",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE_ZEROES of 0 bytes",
        .wants = "any reply, and the next request answered",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needs(sendWriteZeroes, eachZeroFlag);
    return io.noteAnswer({Cmd::writeZeroes, 0, 0});
},
    },
    {
        .id = "nbd.zero.fast",
        .spec = zeroSpec,
        .says = "MUST fail quickly with `NBD_ENOTSUP` unless the request can "
                "be serviced in less time than a corresponding "
                "`NBD_CMD_WRITE`, and SHOULD NOT alter the contents of the "
                "export when returning an `NBD_ENOTSUP` failure",
        .level = Level::must,
        .subject = Subject::server,
        .sends =
            "NBD_CMD_WRITE_ZEROES with NBD_CMD_FLAG_FAST_ZERO, without and "
            "with _NO_HOLE",
        .wants = "success and zeroes, or NBD_ENOTSUP and unchanged content",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needs(sendFastZero, "SEND_FAST_ZERO");
    const WorkArea area(io);
    for (const uint16_t flags :
         {uint16_t{commandFastZero}, uint16_t{commandFastZero | commandNoHole}})
    {
        const Bytes data = noise(peer.random(), area.unit);
        io.wantSuccess({Cmd::write, area.middle, area.unit}, data);
        const auto reply =
            io.answer({Cmd::writeZeroes, area.middle, area.unit, flags});
        if (!reply)
        {
            break;
        }
        peer.want(reply->succeeded() || reply->error == ErrorValue::enotsup,
                  nameOf(reply->error), "success or NBD_ENOTSUP");
        io.wantContent(area.middle,
                       reply->succeeded() ? Bytes(area.unit) : data,
                       reply->succeeded() ? "it was zeroed" : "it was refused");
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.zero.slow-is-no-error",
        .spec = zeroSpec,
        .says = "If the server advertised `NBD_FLAG_SEND_FAST_ZERO` but "
                "`NBD_CMD_FLAG_FAST_ZERO` is not set, then the server MUST NOT "
                "fail with `NBD_ENOTSUP`, even if the operation is no faster "
                "than a corresponding `NBD_CMD_WRITE`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE_ZEROES without and with NBD_CMD_FLAG_NO_HOLE",
        .wants = "never NBD_ENOTSUP",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needs(sendFastZero, "SEND_FAST_ZERO");
    const WorkArea area(io);
    for (const uint16_t flags : {uint16_t{0}, uint16_t{commandNoHole}})
    {
        const auto reply =
            io.answer({Cmd::writeZeroes, area.middle, area.unit, flags});
        peer.want(!reply || reply->error != ErrorValue::enotsup, "NBD_ENOTSUP",
                  "any other answer");
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.zero.fast-unadvertised",
        .spec = zeroSpec,
        .says = "SHOULD fail with `NBD_EINVAL` if the `NBD_CMD_FLAG_FAST_ZERO` "
                "flag was set",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE_ZEROES with NBD_CMD_FLAG_FAST_ZERO, where "
                 "NBD_FLAG_SEND_FAST_ZERO is not set",
        .wants = "NBD_EINVAL",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needsUnset(sendFastZero, "SEND_FAST_ZERO");
    const WorkArea area(io);
    io.wantError({Cmd::writeZeroes, area.middle, area.unit, commandFastZero},
                 {ErrorValue::einval});
    return peer.verdict();
},
    },
    {
        .id = "nbd.zero.large",
        .spec = "proto.md, Size constraints",
        .says = "the server SHOULD NOT disconnect, but MAY reply with an "
                "`NBD_EOVERFLOW` or `NBD_EINVAL` error if the oversize request "
                "would require too many server resources",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE_ZEROES of nearly 4 GiB, which already read as "
                 "zeroes",
        .wants = "success, NBD_EOVERFLOW or NBD_EINVAL",
        .writes = true,
        .needs = Needs::plain | Needs::large,
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::statuses);
    io.needs(sendWriteZeroes, eachZeroFlag);
    io.needsSize(5 * gibibyte, "5 GiB");
    const uint32_t length = 0U - std::max(64U << 10, io.block());
    const uint64_t offset = gibibyte / 2; // where no other case writes
    const auto status = io.answer({Cmd::blockStatus, offset, length});
    if (status && status->succeeded() && !status->parts.empty())
    {
        Reader reader{status->parts.front().payload};
        reader.bytes(std::min<size_t>(4, reader.left()));
        const bool allZero = reader.left() >= 8 && reader.u32() >= length &&
                             (reader.u32() & stateZero) != 0;
        if (!allZero)
        {
            peer.conclude(
                notApplicable("they hold data, which could not be put back"));
        }
    }
    io.wantError({Cmd::writeZeroes, offset, length},
                 {ErrorValue::none, ErrorValue::eoverflow, ErrorValue::einval});
    return peer.verdict();
},
    },
};

} // namespace

const Area zeroArea{"NBD_CMD_WRITE_ZEROES", cases};

} // namespace conformance::nbd
