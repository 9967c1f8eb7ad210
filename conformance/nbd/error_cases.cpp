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
constexpr uint16_t unknownFlag = 1 << 15;
constexpr Cmd unknownCommand{0x7777};

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
        .needs = Needs::plain | Needs::large,
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

const Area errorArea{"errors", cases};

} // namespace conformance::nbd
