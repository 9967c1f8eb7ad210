// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/exchange.hpp"
#include "conformance/nbd/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view replySpec = "proto.md, Structured reply chunk "
                                       "message";
constexpr std::string_view typeSpec = "proto.md, Structured reply types";

/// Several commands, some of which fail: what a server tells of them.
std::vector<Reply> someReplies(Exchange& io)
{
    const uint32_t block = io.block();
    const auto whole = static_cast<uint32_t>(
        std::min<uint64_t>(io.lastBlock() + block, 1 << 20));
    const Ask asks[] = {
        {Cmd::read, 0, block},
        {Cmd::read, 0, whole},
        {Cmd::read, io.lastBlock(), block},
        {Cmd::read, io.lastBlock(), 2 * block},
        {Cmd::read, 0, block, 1 << 15},
        {Cmd::read, 0, 0},
        {Cmd::cache, 0, block},
        {Cmd::flush},
        {Cmd{0x7777}},
    };
    std::vector<Reply> replies;
    for (const Ask& ask : asks)
    {
        if (auto reply = io.answer(ask))
        {
            replies.push_back(std::move(*reply));
        }
    }
    io.wantInStep(); // nothing more came for any of them
    return replies;
}

/// What every error chunk begins with.
void judgeError(Exchange& io, const Reply& reply, const Part& part)
{
    const bool withOffset = part.type == Chunk::errorOffset;
    const size_t fixed = withOffset ? 14 : 6;
    Reader reader{part.payload};
    io.peer().want(reader.left() >= fixed, describe(part),
                   fmt::format("at least {} bytes", fixed));
    if (reader.left() < fixed)
    {
        return;
    }
    io.peer().want(reader.u32() != 0, "error 0", "an error");
    const uint16_t length = reader.u16();
    io.peer().want(length <= part.payload.size() - fixed && length <= stringMax,
                   fmt::format("a message of {} bytes in a chunk of {}", length,
                               part.payload.size()),
                   "a message within the chunk, of at most 4096 bytes");
    if (length > part.payload.size() - fixed)
    {
        return;
    }
    const std::string fault = stringFault(reader.bytes(length));
    io.peer().want(fault.empty(), "a message, but " + fault,
                   "a string for a human being");
    if (withOffset && reader.left() >= 8)
    {
        const uint64_t offset = reader.u64();
        io.peer().want(Part::Range{offset, 0}.liesIn(reply.ask),
                       fmt::format("an error at offset {}", offset),
                       "an offset within the request");
    }
}

Verdict noteForm(Peer& peer, const Ask& ask)
{
    Exchange io(peer, Form::structured);
    const auto reply = io.answer(ask);
    if (reply)
    {
        io.wantInStep();
        peer.conclude(noted(reply->structured ? "structured" : "simple"));
    }
    return peer.verdict();
}

constexpr Case cases[] = {
    {
        .id = "nbd.structured.reads",
        .spec = replySpec,
        .says = "if structured replies are negotiated, the server MUST use a "
                "structured reply for any response with a payload, and MUST "
                "NOT use a simple reply for `NBD_CMD_READ` (even for the case "
                "of an early `NBD_EINVAL` due to bad flags)",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ that succeed, one beyond the end, one with flag "
                 "bit 15",
        .wants = "structured replies",
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::structured);
    for (const Reply& reply : someReplies(io))
    {
        peer.want(reply.structured || reply.ask.type != Cmd::read,
                  "a simple reply to " + describe(reply.ask));
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.structured.other-commands",
        .spec = replySpec,
        .says = "MAY use either a simple reply or a structured reply to all "
                "other requests",
        .level = Level::may,
        .subject = Subject::server,
        .sends = "NBD_CMD_CACHE",
        .wants = "a reply of either form",
        .run = [](Peer& peer) { return noteForm(peer, {Cmd::cache, 0, 4096}); },
    },
    {
        .id = "nbd.structured.errors",
        .spec = replySpec,
        .says = "The server SHOULD prefer sending errors via a structured "
                "reply, as the error can then be accompanied by a string "
                "payload to present to a human user",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "command 0x7777",
        .wants = "a structured reply",
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::structured);
    if (const auto reply = io.answer({Cmd{0x7777}}))
    {
        peer.want(reply->structured, "a simple reply, " + nameOf(reply->error));
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.structured.done-is-last",
        .spec = replySpec,
        .says = "the chunk with the flag `NBD_REPLY_FLAG_DONE` MUST be sent "
                "last",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "requests that succeed and that fail, one after the other",
        .wants = "nothing for a request after its chunk with that flag",
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::structured);
    someReplies(io);
    return peer.verdict();
},
    },
    {
        .id = "nbd.structured.unknown-reply-flags-clear",
        .spec = "proto.md, Structured reply flags",
        .says = "The server MUST NOT set any other flags without first "
                "negotiating the extension with the client, unless the client "
                "can usefully react to the response without interpreting the "
                "flag",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "requests that succeed and that fail",
        .wants = "chunks with no flag but NBD_REPLY_FLAG_DONE",
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::structured);
    for (const Reply& reply : someReplies(io))
    {
        for (const Part& part : reply.parts)
        {
            peer.want((part.flags & ~replyDone) == 0, describe(part));
        }
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.structured.none-chunk",
        .spec = typeSpec,
        .says = "*length* MUST be 0 (and the payload field omitted)",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "requests that succeed and that fail",
        .wants = "NBD_REPLY_TYPE_NONE without a payload and with "
                 "NBD_REPLY_FLAG_DONE",
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::structured);
    bool any = false;
    for (const Reply& reply : someReplies(io))
    {
        for (const Part& part : reply.parts)
        {
            if (part.type == Chunk::none)
            {
                any = true;
                peer.want(part.payload.empty() && (part.flags & replyDone) != 0,
                          describe(part));
            }
        }
    }
    if (!any)
    {
        peer.conclude(notApplicable("the target sends no such chunk"));
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.structured.error-chunks",
        .spec = typeSpec,
        .says = "Note that *message length* MUST NOT exceed the 4096 bytes "
                "string length limit",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "requests that fail",
        .wants = "error chunks with an error, a message within them, and an "
                 "offset within the request if they have one",
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::structured);
    bool any = false;
    for (const Reply& reply : someReplies(io))
    {
        for (const Part& part : reply.parts)
        {
            if (isError(part.type))
            {
                any = true;
                judgeError(io, reply, part);
            }
        }
    }
    if (!any)
    {
        peer.conclude(notApplicable("the target sends no error chunks"));
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.structured.one-error-chunk",
        .spec = typeSpec,
        .says = "This type SHOULD NOT be used more than once in a structured "
                "reply",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "requests that fail",
        .wants = "one NBD_REPLY_TYPE_ERROR, not mixed with "
                 "NBD_REPLY_TYPE_ERROR_OFFSET",
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::structured);
    for (const Reply& reply : someReplies(io))
    {
        const auto count = [&reply](Chunk type) {
            return std::ranges::count(
                reply.parts, type, [](const Part& part) { return part.type; });
        };
        peer.want(count(Chunk::error) == 0 ||
                      count(Chunk::error) + count(Chunk::errorOffset) == 1,
                  fmt::format("{} error chunks and {} with an offset",
                              count(Chunk::error), count(Chunk::errorOffset)));
    }
    return peer.verdict();
},
    },
};

} // namespace

const Area structuredArea{"structured replies", cases};

} // namespace conformance::nbd
