// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/exchange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view errorSpec = "proto.md, Error values";
constexpr std::string_view requestSpec = "proto.md, Request message";
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
constexpr Cmd unknownCommand{0x7777};
/// Not in the spec, nor on its list of reserved ones.
constexpr uint32_t noMagic = 0x25609500;

/// A read of the first block under another magic: never executed, whatever
/// else the server makes of it.
Verdict wrongMagic(Peer& peer, std::initializer_list<uint32_t> magics)
{
    std::string how;
    for (const uint32_t magic : magics)
    {
        Peer one = peer.another();
        one.start();
        Exchange io(one);
        Bytes request = io.prepare(one.random()(), {Cmd::read, 0, io.block()});
        std::ranges::copy(pack<4>(magic), request.begin());
        // Long enough for an extended request as well.
        append(request, uint32_t{0});
        one.send(request, fmt::format("a request with magic {:#010x}", magic));
        one.allowClose(true);
        const auto reply = io.receive();
        one.want(!reply || !reply->succeeded(), "success",
                 "an error or a closed connection");
        if (one.stopped())
        {
            peer.note(fmt::format("-- magic {:#010x}:", magic));
            for (const std::string& line : one.transcript())
            {
                peer.note(line);
            }
            return one.verdict();
        }
        how = reply ? nameOf(reply->error) : "closed";
    }
    return noted(how);
}

/// What a server answers to requests that are wrong in every way that leaves
/// the stream in step.
std::vector<Reply> provoked(Exchange& io)
{
    const uint32_t block = io.block();
    const Ask asks[] = {
        {unknownCommand},
        {Cmd{0xffff}, 0, block},
        {Cmd::read, io.size(), block},
        {Cmd::read, io.lastBlock(), 4 * block},
        {Cmd::read, uint64_t{1} << 63, block},
        {Cmd::read, 0, block, unknownFlag},
        {Cmd::read, 0, block, commandReqOne},
        {Cmd::cache, io.size(), block},
        {Cmd::resize, io.size()},
    };
    std::vector<Reply> replies;
    for (const Ask& ask : asks)
    {
        if (auto reply = io.answer(ask))
        {
            replies.push_back(std::move(*reply));
        }
    }
    return replies;
}

Verdict neverAnswered(Peer& peer, ErrorValue error, std::string_view wanted)
{
    Exchange io(peer);
    for (const Reply& reply : provoked(io))
    {
        peer.want(reply.error != error,
                  nameOf(reply.error) + " to " + describe(reply.ask),
                  std::string(wanted));
    }
    return peer.verdict();
}

constexpr Case cases[] = {
    {
        .id = "nbd.reply.cookie-opaque",
        .spec = "proto.md, Transmission",
        .says = "In each reply message (whether simple or structured), the "
                "server MUST use the same value for cookie as was sent by the "
                "client in the corresponding request, treating the cookie as "
                "an opaque field",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ with the cookies 0, 1, 2^63 and 2^64 - 1",
        .wants = "the same cookies in the replies",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    for (const uint64_t cookie :
         {uint64_t{0}, uint64_t{1}, uint64_t{1} << 63, ~uint64_t{0}})
    {
        io.sendAs(cookie, {Cmd::read, 0, io.block()});
        io.receive();
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.reply.simple-without-negotiation",
        .spec = "proto.md, Structured reply chunk message",
        .says = "The server MUST NOT send this reply type unless the client "
                "has successfully negotiated structured replies via "
                "`NBD_OPT_STRUCTURED_REPLY`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "requests that succeed and requests that fail, after nothing "
                 "was negotiated",
        .wants = "simple replies",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.read(0, io.block());
    provoked(io);
    io.wantInStep();
    return peer.verdict();
},
    },
    {
        .id = "nbd.reply.duplicate-cookie",
        .spec = "proto.md, Transmission",
        .says = "Clients SHOULD use a cookie that is distinct from all other "
                "currently pending transactions, but MAY reuse cookies that "
                "are no longer in flight",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "two NBD_CMD_READ with one cookie at once",
        .wants = "two replies with that cookie",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    const uint64_t cookie = peer.random()();
    Bytes both = io.prepare(cookie, {Cmd::read, 0, io.block()});
    append(both, io.prepare(cookie, {Cmd::read, io.block(), io.block()}));
    peer.send(both, fmt::format("two reads with cookie {:#x}", cookie));
    io.receive();
    io.receive();
    io.wantInStep();
    return peer.verdict();
},
    },
    {
        .id = "nbd.request.wrong-magic",
        .spec = "proto.md, Terminating the transmission phase",
        .says = "Either side MAY initiate a hard disconnect if it detects a "
                "violation by the other party of a mandatory condition within "
                "this document",
        .level = Level::may,
        .subject = Subject::server,
        .sends = "a request with the magic 0x25609500",
        .wants = "an error or a closed connection",
        .run = [](Peer& peer) { return wrongMagic(peer, {noMagic}); },
    },
    {
        .id = "nbd.request.reserved-magic",
        .spec = "proto.md, Reserved Magic values",
        .says = "The following magic values are reserved and must not be used "
                "for future protocol extensions",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "requests with magics of other messages: 0x12560953, "
                 "0x25609514, 0x67446698",
        .wants = "an error or a closed connection, never success",
        .run =
            [](Peer& peer) {
    const Verdict seen = wrongMagic(peer,
                                    {0x12560953, 0x25609514, simpleReplyMagic});
    return seen.passed() ? passed() : seen;
},
    },
    {
        .id = "nbd.request.extended-unnegotiated",
        .spec = "proto.md, Reserved Magic values",
        .says = "The following magic values are reserved and must be used only "
                "as described in the corresponding protocol extensions",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "a request with the magic 0x21e41c71, after nothing was "
                 "negotiated",
        .wants = "an error or a closed connection, never success",
        .run =
            [](Peer& peer) {
    const Verdict seen = wrongMagic(peer, {extendedRequestMagic});
    return seen.passed() ? passed() : seen;
},
    },
    {
        .id = "nbd.command.unknown.no-payload",
        .spec = requestSpec,
        .says = "*length* bytes of data if the request is of type "
                "`NBD_CMD_WRITE`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "commands 0x63, 0x7777 and 0xffff with a length, and no data",
        .wants = "an error, and the next request answered",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    for (const Cmd command : {Cmd{0x63}, unknownCommand, Cmd{0xffff}})
    {
        if (const auto reply = io.answer({command, 0, io.block()}))
        {
            peer.want(!reply->succeeded(), "success", "an error");
        }
        io.wantInStep();
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.command.resize-unadvertised",
        .spec = errorSpec,
        .says = "The server SHOULD return `NBD_EINVAL` if it receives an "
                "unknown command",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_RESIZE to the size that the export has",
        .wants = "NBD_EINVAL",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needsUnset(sendResize, "SEND_RESIZE");
    io.wantError({Cmd::resize, io.size()}, {ErrorValue::einval});
    return peer.verdict();
},
    },
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
    {
        .id = "nbd.error.defined-values",
        .spec = errorSpec,
        .says = "the allowed values for the error field have been restricted "
                "to set of possibilities",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "requests that are wrong in nine ways",
        .wants = "errors that the spec defines",
        .run =
            [](Peer& peer) {
    constexpr std::array defined = {
        ErrorValue::none,      ErrorValue::eperm,   ErrorValue::eio,
        ErrorValue::enomem,    ErrorValue::einval,  ErrorValue::enospc,
        ErrorValue::eoverflow, ErrorValue::enotsup, ErrorValue::eshutdown};
    Exchange io(peer);
    for (const Reply& reply : provoked(io))
    {
        peer.want(std::ranges::find(defined, reply.error) != defined.end(),
                  fmt::format("error {} to {}",
                              static_cast<uint32_t>(reply.error),
                              describe(reply.ask)),
                  "1, 5, 12, 22, 28, 75, 95 or 108");
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.error.no-overflow",
        .spec = errorSpec,
        .says = "The server SHOULD NOT return `NBD_EOVERFLOW` except as "
                "documented in response to `NBD_CMD_READ` when "
                "`NBD_CMD_FLAG_DF` is supported, or when a command without "
                "payload requests a length larger than an advertised maximum "
                "payload length",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "requests that are wrong in nine ways, none of them too large",
        .wants = "other errors",
        .run =
            [](Peer& peer) {
    return neverAnswered(peer, ErrorValue::eoverflow,
                         "another error: nothing was too large");
},
    },
    {
        .id = "nbd.error.no-not-supported",
        .spec = errorSpec,
        .says = "The server SHOULD NOT return `NBD_ENOTSUP` except as "
                "documented in response to `NBD_CMD_WRITE_ZEROES` when "
                "`NBD_CMD_FLAG_FAST_ZERO` is supported",
        .level = Level::should,
        .subject = Subject::server,
        .sends =
            "requests that are wrong in nine ways, no fast zero among them",
        .wants = "other errors",
        .run =
            [](Peer& peer) {
    return neverAnswered(peer, ErrorValue::enotsup,
                         "another error: no fast zero was asked for");
},
    },
    {
        .id = "nbd.error.no-out-of-memory",
        .spec = errorSpec,
        .says = "The server SHOULD NOT return `NBD_ENOMEM` if at all possible",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ of 72 MiB, or of nearly 2 GiB from a smaller "
                 "export",
        .wants = "the data, or another error",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    // More than any server has to take; a server may serve it.
    const uint32_t length = io.size() >= 72U << 20 ? 72U << 20 : 0x7fff0000;
    if (const auto reply = io.answer({Cmd::read, 0, length}))
    {
        peer.want(reply->error != ErrorValue::enomem, nameOf(reply->error));
        io.wantInStep();
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.error.keeps-connection",
        .spec = "proto.md, Terminating the transmission phase",
        .says = "The client and the server MUST NOT initiate any form of "
                "disconnect other than in one of the above circumstances",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "requests that fail and break no MUST of a client: unknown "
                 "commands, NBD_CMD_CACHE, 32 times",
        .wants = "replies, and the connection kept",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    for (int i = 0; i < 32; ++i)
    {
        io.answer({i % 2 == 0 ? unknownCommand : Cmd::cache, 0, io.block()});
    }
    io.wantInStep();
    return peer.verdict();
},
    },
};

} // namespace

const Area requestArea{"requests and replies", cases};

} // namespace conformance::nbd
