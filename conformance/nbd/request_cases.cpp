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

constexpr std::string_view errorSpec = "proto.md, Error values";
constexpr std::string_view requestSpec = "proto.md, Request message";
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
            return one.verdict();
        }
        how = reply ? nameOf(reply->error) : "closed";
    }
    return noted(how);
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
    io.answer({Cmd::read, io.size(), io.block()});
    io.answer({unknownCommand});
    io.answer({Cmd::cache, io.size(), io.block()});
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
};

} // namespace

const Area requestArea{"requests and replies", cases};

} // namespace conformance::nbd
