// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/work_area.hpp"

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view errorSpec = "proto.md, Error values";
constexpr std::string_view unknownFlagSays =
    "The server SHOULD return `NBD_EINVAL` if it receives an unknown command "
    "flag";
constexpr std::string_view inapplicableSays =
    "It also SHOULD return `NBD_EINVAL` if it receives a request with a flag "
    "not explicitly documented as applicable to the given request";
constexpr std::string_view fuaSays =
    "This flag is valid for all commands, provided `NBD_FLAG_SEND_FUA` has "
    "been negotiated, in which case the server MUST accept all commands with "
    "this bit set (even by ignoring the bit)";

constexpr uint16_t unknownFlag = 1 << 15;

constexpr Case cases[] = {
    {
        .id = "nbd.read.unknown-flag",
        .spec = errorSpec,
        .says = unknownFlagSays,
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ with flag bit 15",
        .wants = "NBD_EINVAL, and the next request answered",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.wantError({Cmd::read, 0, io.block(), unknownFlag}, {ErrorValue::einval});
    return peer.verdict();
},
    },
    {
        .id = "nbd.read.inapplicable-flag",
        .spec = errorSpec,
        .says = inapplicableSays,
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ with NBD_CMD_FLAG_NO_HOLE, _REQ_ONE, _FAST_ZERO",
        .wants = "NBD_EINVAL each",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    for (const uint16_t flag : {commandNoHole, commandReqOne, commandFastZero})
    {
        io.wantError({Cmd::read, 0, io.block(), flag}, {ErrorValue::einval});
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.read.df-without-structured-replies",
        .spec = "proto.md, Command flags",
        .says = "MUST NOT be set unless the transmission flags include "
                "`NBD_FLAG_SEND_DF`",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ with NBD_CMD_FLAG_DF, after nothing was "
                 "negotiated",
        .wants = "NBD_EINVAL",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.wantError({Cmd::read, 0, io.block(), commandDf}, {ErrorValue::einval});
    return peer.verdict();
},
    },
    {
        .id = "nbd.read.payload-length-flag",
        .spec = errorSpec,
        .says = inapplicableSays,
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ with NBD_CMD_FLAG_PAYLOAD_LEN, without extended "
                 "headers",
        .wants = "NBD_EINVAL",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.wantError({Cmd::read, 0, io.block(), commandPayloadLen},
                 {ErrorValue::einval});
    return peer.verdict();
},
    },
    {
        .id = "nbd.fua.reading-commands",
        .spec = "proto.md, Command flags",
        .says = fuaSays,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ, and NBD_CMD_FLUSH and NBD_CMD_CACHE where "
                 "advertised, with NBD_CMD_FLAG_FUA",
        .wants = "success",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needs(sendFua, "SEND_FUA");
    io.read(0, io.block(), commandFua);
    if (io.has(sendFlush))
    {
        io.wantSuccess({Cmd::flush, 0, 0, commandFua});
    }
    if (io.has(sendCache))
    {
        io.wantSuccess({Cmd::cache, 0, io.block(), commandFua});
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.fua.block-status",
        .spec = "proto.md, Command flags",
        .says = fuaSays,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_BLOCK_STATUS with NBD_CMD_FLAG_FUA",
        .wants = "success",
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::statuses);
    io.needs(sendFua, "SEND_FUA");
    io.wantSuccess({Cmd::blockStatus, 0, io.block(), commandFua});
    return peer.verdict();
},
    },
    {
        .id = "nbd.fua.writing-commands",
        .spec = "proto.md, Command flags",
        .says = fuaSays,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE, and NBD_CMD_WRITE_ZEROES where advertised, "
                 "with NBD_CMD_FLAG_FUA",
        .wants = "success, and the content changed",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needs(sendFua, "SEND_FUA");
    const WorkArea area(io);
    const Bytes data = noise(peer.random(), area.unit);
    io.wantSuccess({Cmd::write, area.middle, area.unit, commandFua}, data);
    io.wantContent(area.middle, data, "what was written");
    if (io.has(sendWriteZeroes))
    {
        io.wantSuccess({Cmd::writeZeroes, area.middle, area.unit, commandFua});
        io.wantContent(area.middle, Bytes(area.unit), "it was zeroed");
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.fua.unadvertised",
        .spec = errorSpec,
        .says = inapplicableSays,
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ with NBD_CMD_FLAG_FUA, which is not advertised",
        .wants = "NBD_EINVAL",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needsUnset(sendFua, "SEND_FUA");
    io.wantError({Cmd::read, 0, io.block(), commandFua}, {ErrorValue::einval});
    return peer.verdict();
},
    },
};

} // namespace

const Area flagArea{"command flags", cases};

} // namespace conformance::nbd
