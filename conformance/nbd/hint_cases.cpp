// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/work_area.hpp"

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view errorSpec = "proto.md, Error values";
constexpr std::string_view flushSpec = "proto.md, Request types, NBD_CMD_FLUSH "
                                       "(3)";
constexpr std::string_view trimSpec = "proto.md, Request types, NBD_CMD_TRIM "
                                      "(4)";
constexpr std::string_view cacheSpec = "proto.md, Request types, NBD_CMD_CACHE "
                                       "(5)";
constexpr std::string_view flagSpec = "proto.md, Transmission flags";
constexpr std::string_view onlySupportedSays =
    "The server MUST NOT set the flag for features it does not support";
constexpr uint16_t unknownFlag = 1 << 15;

constexpr Case cases[] = {
    {
        .id = "nbd.flush.answered",
        .spec = flagSpec,
        .says = onlySupportedSays,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_FLUSH, where NBD_FLAG_SEND_FLUSH is set",
        .wants = "success",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needs(sendFlush, "SEND_FLUSH");
    io.wantSuccess({Cmd::flush});
    return peer.verdict();
},
    },
    {
        .id = "nbd.flush.offset-and-length",
        .spec = flushSpec,
        .says = "For a flush request, *length* and *offset* are reserved, and "
                "MUST be set to all-zero",
        .level = Level::may,
        .subject = Subject::server,
        .sends = "NBD_CMD_FLUSH with an offset and a length, which a client "
                 "MUST NOT send",
        .wants = "any reply, and the next request answered",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needs(sendFlush, "SEND_FLUSH");
    return io.noteAnswer({Cmd::flush, io.block(), io.block()});
},
    },
    {
        .id = "nbd.flush.unadvertised",
        .spec = errorSpec,
        .says = "The server SHOULD return `NBD_EINVAL` if it receives an "
                "unknown command",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_FLUSH, where NBD_FLAG_SEND_FLUSH is not set",
        .wants = "NBD_EINVAL",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needsUnset(sendFlush, "SEND_FLUSH");
    io.wantError({Cmd::flush}, {ErrorValue::einval});
    return peer.verdict();
},
    },
    {
        .id = "nbd.trim.only-its-range",
        .spec = trimSpec,
        .says = "A hint to the server that the data defined by length and "
                "offset is no longer needed",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_TRIM amid data, where NBD_FLAG_SEND_TRIM is set",
        .wants = "success, and the data before and behind it unchanged",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needs(sendTrim, "SEND_TRIM");
    const WorkArea area(io);
    const Bytes data = noise(peer.random(), area.size);
    io.wantSuccess({Cmd::write, area.begin, area.size}, data);
    io.wantSuccess({Cmd::trim, area.middle, area.middleSize});
    const auto head = static_cast<uint32_t>(area.middle - area.begin);
    io.wantContent(area.begin, ByteView(data).first(head),
                   "data before what was trimmed");
    io.wantContent(area.middle + area.middleSize,
                   ByteView(data).subspan(head + area.middleSize),
                   "data behind what was trimmed");
    return peer.verdict();
},
    },
    {
        .id = "nbd.trim.beyond-end",
        .spec = errorSpec,
        .says = "It SHOULD return `NBD_EINVAL` if it receives a read or trim "
                "request including one or more sectors beyond the size of the "
                "device",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_TRIM of two blocks from the last one on, and of "
                 "nearly 4 GiB from there",
        .wants = "NBD_EINVAL each, and the content unchanged",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needs(sendTrim, "SEND_TRIM");
    const Bytes before = io.borrow(io.lastBlock(), io.block());
    for (const uint32_t length : {2 * io.block(), 0U - io.block()})
    {
        io.wantError({Cmd::trim, io.lastBlock(), length}, {ErrorValue::einval});
    }
    io.wantContent(io.lastBlock(), before, "what was there before");
    return peer.verdict();
},
    },
    {
        .id = "nbd.trim.length-zero",
        .spec = trimSpec,
        .says = "The client SHOULD NOT request a trim length of 0; the "
                "behavior of a server on such a request is unspecified "
                "although the server SHOULD NOT disconnect",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_TRIM of 0 bytes",
        .wants = "any reply, and the next request answered",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needs(sendTrim, "SEND_TRIM");
    return io.noteAnswer({Cmd::trim, 0, 0});
},
    },
    {
        .id = "nbd.trim.unknown-flag",
        .spec = errorSpec,
        .says = "The server SHOULD return `NBD_EINVAL` if it receives an "
                "unknown command flag",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_TRIM with flag bit 15",
        .wants = "NBD_EINVAL, and the content unchanged",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needs(sendTrim, "SEND_TRIM");
    const WorkArea area(io);
    io.wantError({Cmd::trim, area.middle, area.unit, unknownFlag},
                 {ErrorValue::einval});
    io.wantContent(area.begin, area.before, "what was there before");
    return peer.verdict();
},
    },
    {
        .id = "nbd.trim.read-only",
        .spec = errorSpec,
        .says = "Finally, it SHOULD return `NBD_EPERM` if it receives a write "
                "or trim request on a read-only export",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_TRIM to a read-only export",
        .wants = "NBD_EPERM, and the content unchanged",
        .writes = true,
        .needs = Needs::plain | Needs::readOnly,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needs(readOnly, "READ_ONLY");
    const Bytes before = io.read(0, io.block());
    io.wantError({Cmd::trim, 0, io.block()}, {ErrorValue::eperm});
    io.wantContent(0, before, "what was there before");
    return peer.verdict();
},
    },
    {
        .id = "nbd.trim.unadvertised",
        .spec = errorSpec,
        .says = "The server SHOULD return `NBD_EINVAL` if it receives an "
                "unknown command",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_TRIM, where NBD_FLAG_SEND_TRIM is not set",
        .wants = "NBD_EINVAL, and the content unchanged",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needsUnset(sendTrim, "SEND_TRIM");
    const WorkArea area(io);
    io.wantError({Cmd::trim, area.middle, area.unit}, {ErrorValue::einval});
    io.wantContent(area.begin, area.before, "what was there before");
    return peer.verdict();
},
    },
    {
        .id = "nbd.trim.fua",
        .spec = "proto.md, Command flags",
        .says = "This flag is valid for all commands, provided "
                "`NBD_FLAG_SEND_FUA` has been negotiated, in which case the "
                "server MUST accept all commands with this bit set (even by "
                "ignoring the bit)",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_TRIM with NBD_CMD_FLAG_FUA",
        .wants = "success",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needs(sendTrim, "SEND_TRIM");
    io.needs(sendFua, "SEND_FUA");
    const WorkArea area(io);
    io.wantSuccess({Cmd::trim, area.middle, area.unit, commandFua});
    return peer.verdict();
},
    },
    {
        .id = "nbd.cache.same-content",
        .spec = cacheSpec,
        .says = "there MUST NOT be any difference in semantics compared to if "
                "the client had not used this command",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ, NBD_CMD_CACHE and NBD_CMD_READ of one range",
        .wants = "any reply, and the same data twice",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needs(sendCache, "SEND_CACHE");
    const Bytes before = io.read(0, 2 * io.block());
    io.answer({Cmd::cache, 0, 2 * io.block()});
    io.wantContent(0, before, "what was read before");
    return peer.verdict();
},
    },
    {
        .id = "nbd.cache.unknown-flag",
        .spec = cacheSpec,
        .says = "if it advertised the command, the server MUST reject any "
                "command flags it does not recognize",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_CACHE with flag bit 15",
        .wants = "an error",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needs(sendCache, "SEND_CACHE");
    const auto reply = io.answer({Cmd::cache, 0, io.block(), unknownFlag});
    peer.want(!reply || !reply->succeeded(), "success", "an error");
    io.wantInStep();
    return peer.verdict();
},
    },
    {
        .id = "nbd.cache.any-answer",
        .spec = cacheSpec,
        .says = "client implementations exist which attempt to send a cache "
                "request even when `NBD_FLAG_SEND_CACHE` was not set",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "NBD_CMD_CACHE, whether it is advertised or not",
        .wants = "success or NBD_EINVAL, and the next request answered",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.wantError({Cmd::cache, 0, io.block()},
                 {ErrorValue::none, ErrorValue::einval});
    return peer.verdict();
},
    },
    {
        .id = "nbd.cache.beyond-end",
        .spec = cacheSpec,
        .says = "If an error occurs, the server MUST set the appropriate error "
                "code in the error field",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "NBD_CMD_CACHE of a range that wraps around 2^64",
        .wants = "NBD_EINVAL, and the next request answered",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.wantError({Cmd::cache, uint64_t{0} - io.block(), 2 * io.block()},
                 {ErrorValue::einval});
    return peer.verdict();
},
    },
};

} // namespace

const Area hintArea{"NBD_CMD_FLUSH, _TRIM, _CACHE", cases};

} // namespace conformance::nbd
