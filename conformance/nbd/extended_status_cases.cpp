// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/extended_reply.hpp"
#include "conformance/nbd/steps.hpp"

#include <fmt/format.h>

namespace conformance::nbd
{

using namespace vmedia::nbd;

/// Source: proto.md of the branch extension-ext-header.
namespace
{

constexpr std::string_view statusSpec =
    "proto.md, Structured reply types, NBD_REPLY_TYPE_BLOCK_STATUS_EXT (6) "
    "(branch extension-ext-header)";
constexpr std::string_view commandSpec =
    "proto.md, Request types, NBD_CMD_BLOCK_STATUS (7) (branch "
    "extension-ext-header)";

/// In transmission with base:allocation: its id, and what the server says of
/// the first block.
std::pair<uint32_t, std::vector<Extents>> status(Peer& peer, Conversation& talk)
{
    talk.negotiate();
    const uint32_t id = selectAllocation(peer);
    talk.go();
    auto found = talk.extentsIn(talk.ask(Cmd::blockStatus, 0, 4096));
    if (found.empty() || found.front().extents.empty())
    {
        peer.conclude(failed("no extent"));
        found.assign(1, Extents{0, {{0, 0}}});
    }
    return {id, std::move(found)};
}

/// "64 bits, effect length; n * 32 bits, list of metacontext ids to use"
Bytes payload(std::initializer_list<uint32_t> ids)
{
    Bytes bytes;
    append(bytes, uint64_t{4096});
    for (const uint32_t id : ids)
    {
        append(bytes, id);
    }
    return bytes;
}

std::string textOf(const std::vector<Extents>& found)
{
    std::string text;
    for (const Extents& one : found)
    {
        text += fmt::format("{}context {} with {} extents",
                            text.empty() ? "" : ", ", one.context,
                            one.extents.size());
        if (!one.extents.empty())
        {
            text += fmt::format(", the first with status {:#x}",
                                one.extents.front().second);
        }
    }
    return text.empty() ? "no context" : text;
}

constexpr Case cases[] = {
    {
        .id = "nbd.block-status.extended-chunk",
        .spec = statusSpec,
        .says = "The *descriptor count* field MUST correspond to the "
                "number of subsequent descriptors, such that the header "
                "*length* is equal to *descriptor count* * 16 + 8",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_BLOCK_STATUS with extended headers",
        .wants = "one NBD_REPLY_TYPE_BLOCK_STATUS_EXT of the context, with "
                 "as many descriptors as it says",
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::extended);
    const auto [id, found] = status(peer, talk);
    peer.want(found.size() == 1 && found.front().context == id, textOf(found),
              fmt::format("context {}", id));
    for (const Extents& one : found)
    {
        for (const auto& [length, bits] : one.extents)
        {
            peer.want(length != 0, "an extent of 0 bytes");
        }
    }
    return talk.wantInStep();
},
    },
    {
        .id = "nbd.block-status.high-bits-clear",
        .spec = statusSpec,
        .says = "For metadata contexts that only return a 32-bit status "
                "(including all contexts in the \"base:\" namespace), the "
                "most-significant 32 bits of *status* MUST be all zeroes",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_BLOCK_STATUS in base:allocation with extended "
                 "headers",
        .wants = "a status of 32 bits",
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::extended);
    for (const Extents& one : status(peer, talk).second)
    {
        for (const auto& [length, bits] : one.extents)
        {
            peer.want(bits >> 32 == 0, fmt::format("status {:#x}", bits));
        }
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.block-status.narrow-chunk-before-extended-headers",
        .spec = "proto.md, Structured reply types, "
                "NBD_REPLY_TYPE_BLOCK_STATUS_EXT (6) (branch "
                "extension-ext-header)",
        .says = "This chunk type MUST NOT be used unless extended headers "
                "were negotiated with `NBD_OPT_EXTENDED_HEADERS`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_BLOCK_STATUS with structured replies",
        .wants = "NBD_REPLY_TYPE_BLOCK_STATUS, and no "
                 "NBD_REPLY_TYPE_BLOCK_STATUS_EXT",
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::structured);
    talk.negotiate();
    selectAllocation(peer);
    talk.go();
    const auto reply = talk.ask(Cmd::blockStatus, 0, 4096);
    peer.want(!reply || reply->of(Chunk::blockStatusExt).empty(),
              "NBD_REPLY_TYPE_BLOCK_STATUS_EXT");
    talk.extentsIn(reply);
    return talk.wantInStep();
},
    },
    {
        .id = "nbd.block-status.wide-chunk-with-extended-headers",
        .spec = "proto.md, Structured reply types, "
                "NBD_REPLY_TYPE_BLOCK_STATUS (5) (branch "
                "extension-ext-header)",
        .says = "This chunk type is in the status chunk category, and a "
                "server may only use this type if extended headers were "
                "not negotiated via `NBD_OPT_EXTENDED_HEADERS`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_BLOCK_STATUS with extended headers",
        .wants = "no NBD_REPLY_TYPE_BLOCK_STATUS",
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::extended);
    talk.negotiate();
    selectAllocation(peer);
    talk.go();
    const auto reply = talk.ask(Cmd::blockStatus, 0, 4096);
    peer.want(!reply || reply->of(Chunk::blockStatus).empty(),
              "NBD_REPLY_TYPE_BLOCK_STATUS");
    return talk.wantInStep();
},
    },
    {
        .id = "nbd.transmission-flags.status-payload-needs-extended-headers",
        .spec = "proto.md, Transmission flags (branch "
                "extension-ext-header)",
        .says = "Servers MUST NOT advertise this bit unless the client "
                "successfully negotiates extended headers via "
                "`NBD_OPT_EXTENDED_HEADERS`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_GO, without and with NBD_OPT_STRUCTURED_REPLY "
                 "before it",
        .wants = "NBD_FLAG_BLOCK_STATUS_PAYLOAD clear",
        .run =
            [](Peer& peer) {
    for (const bool structured : {false, true})
    {
        Peer client = peer.another();
        client.start();
        if (structured)
        {
            client.sendOption(Opt::structuredReply);
            client.wantAnswer(Opt::structuredReply);
        }
        client.sendInfo(Opt::go, peer.profile().exportName);
        const auto answer = client.wantAnswer(Opt::go, {Rep::ack});
        peer.conclude(client.verdict());
        const uint16_t flags =
            answer ? answer->exportInfo().value_or(InfoExport{}).flags : 0;
        peer.want((flags & blockStatusPayload) == 0,
                  fmt::format("transmission flags {:#x}", flags));
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.block-status.payload-selects",
        .spec = commandSpec,
        .says = "it supports an alternative request form where the client "
                "sets `NBD_CMD_FLAG_PAYLOAD_LEN` in order to pass a "
                "payload that informs the server to limit its replies to "
                "the metacontext id(s) in the client's request payload",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_BLOCK_STATUS with a payload of the effect length "
                 "4096 and the id of base:allocation",
        .wants = "the status of that context, as without the payload",
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::extended);
    const auto [id, plain] = status(peer, talk);
    if (!peer.stopped() && !talk.has(blockStatusPayload))
    {
        return leaveOut(peer, "NBD_FLAG_BLOCK_STATUS_PAYLOAD is clear");
    }
    const auto found =
        talk.extentsIn(talk.ask(Cmd::blockStatus, 0, 0, 0, payload({id})));
    peer.want(found.size() == 1 && found.front().context == id &&
                  plain.front().extents.front().second ==
                      found.front().extents.front().second,
              textOf(found), textOf(plain));
    return talk.wantInStep();
},
    },
    {
        .id = "nbd.block-status.payload-refused",
        .spec = commandSpec,
        .says = "If the server does not support the payload form, or "
                "detects duplicate or unknown metacontext ids in the "
                "client's payload, the server MUST gracefully consume the "
                "client's payload before failing with `NBD_EINVAL`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_BLOCK_STATUS with a payload that names a context "
                 "twice, and an unknown one",
        .wants = "NBD_EINVAL to both, and a request after them",
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::extended);
    const uint32_t id = status(peer, talk).first;
    talk.wantError(talk.ask(Cmd::blockStatus, 0, 0, 0, payload({id, id})),
                   {ErrorValue::einval});
    talk.wantInStep();
    talk.wantError(talk.ask(Cmd::blockStatus, 0, 0, 0, payload({~id})),
                   {ErrorValue::einval});
    return talk.wantInStep();
},
    },
    {
        .id = "nbd.option.meta-context.base-needs-no-extended-headers",
        .spec = "proto.md, Option types, NBD_OPT_SET_META_CONTEXT (10) "
                "(branch extension-ext-header)",
        .says = "The server MUST NOT use this failure for a client "
                "request that is limited to contexts in the \"base:\" "
                "namespace",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT "
                 "with base:allocation, after NBD_OPT_STRUCTURED_REPLY",
        .wants = "no NBD_REP_ERR_EXT_HEADER_REQD",
        .run =
            [](Peer& peer) {
    Conversation(peer, Replies::structured).negotiate();
    for (const Opt option : {Opt::listMetaContext, Opt::setMetaContext})
    {
        peer.sendOption(option, allocationQuery(peer));
        const auto answer = peer.wantAnswer(option);
        peer.want(!answer || answer->last.type != Rep::errExtHeaderReqd,
                  "NBD_REP_ERR_EXT_HEADER_REQD to " + nameOf(option));
    }
    return peer.wantUsable();
},
    },
};

} // namespace

const Area extendedStatusArea{"extended-status", cases};

} // namespace conformance::nbd
