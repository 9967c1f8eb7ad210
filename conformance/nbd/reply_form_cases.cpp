// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/extended_reply.hpp"

#include <fmt/format.h>

namespace conformance::nbd
{

using namespace vmedia::nbd;

/// How structured replies are agreed on, and what else changes with them.
namespace
{

constexpr std::string_view structuredSpec =
    "proto.md, Option types, NBD_OPT_STRUCTURED_REPLY (8)";

constexpr Case cases[] = {
    {
        .id = "nbd.option.structured-reply.answered",
        .spec = structuredSpec,
        .says = "For backwards compatibility, clients SHOULD be prepared "
                "to also handle `NBD_REP_ERR_UNSUP`; in this case, no "
                "structured replies will be sent",
        .level = Level::may,
        .subject = Subject::server,
        .sends = "NBD_OPT_STRUCTURED_REPLY",
        .wants = "NBD_REP_ACK or an error, then a session that still "
                 "answers",
        .run =
            [](Peer& peer) {
    peer.sendOption(Opt::structuredReply);
    const auto answer = peer.wantAnswer(Opt::structuredReply);
    peer.wantUsable();
    if (answer)
    {
        peer.conclude(noted(nameOf(answer->last.type)));
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.structured-reply.data-refused",
        .spec = structuredSpec,
        .says = "The client MUST NOT send any additional data with the "
                "option, and the server SHOULD reject a request that "
                "includes data with `NBD_REP_ERR_INVALID`",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_OPT_STRUCTURED_REPLY with 4 bytes of data",
        .wants = "NBD_REP_ERR_INVALID, then a session that still answers",
        .run =
            [](Peer& peer) {
    Peer other = peer.another(); // here it would be a repetition
    other.start();
    Conversation(other, Replies::structured).negotiate();
    peer.conclude(other.verdict());
    peer.sendOption(Opt::structuredReply, "data");
    return peer.wantRefusal(Opt::structuredReply, {Rep::errInvalid});
},
    },
    {
        .id = "nbd.option.structured-reply.twice",
        .spec = "proto.md, Fixed newstyle negotiation",
        .says = "The client SHOULD NOT send such messages more than once; "
                "if it does, the server MAY fail the repeated message "
                "with `NBD_REP_ERR_INVALID`",
        .level = Level::may,
        .subject = Subject::server,
        .sends = "NBD_OPT_STRUCTURED_REPLY twice, then a read",
        .wants = "NBD_REP_ACK or NBD_REP_ERR_INVALID, and replies that "
                 "stay structured",
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::structured);
    talk.negotiate();
    peer.sendOption(Opt::structuredReply);
    const auto second = peer.wantAnswer(Opt::structuredReply,
                                        {Rep::ack, Rep::errInvalid});
    talk.go();
    talk.wantInStep();
    if (second)
    {
        peer.conclude(noted("the second time " + nameOf(second->last.type)));
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.export-name.structured-replies",
        .spec = structuredSpec,
        .says = "the server MUST use structured replies to the "
                "`NBD_CMD_READ` transmission request",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_STRUCTURED_REPLY, NBD_OPT_EXPORT_NAME, "
                 "NBD_CMD_READ",
        .wants = "a structured reply to the read",
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::structured);
    talk.negotiate();
    peer.sendOption(Opt::exportName, peer.profile().exportName);
    peer.wantBytes(InfoExport::wireSize - sizeof(Info),
                   "the export's size and flags");
    const auto reply = talk.ask(Cmd::read, 0, 4096);
    peer.want(!reply || reply->parts.front().form == Replies::structured,
              "a simple reply", "a structured reply");
    return talk.wantInStep();
},
    },
    {
        .id = "nbd.transmission-flags.df-works",
        .spec = "proto.md, Transmission flags",
        .says = "The server MUST set this transmission flag to 1 if the "
                "`NBD_CMD_READ` request supports the `NBD_CMD_FLAG_DF` "
                "flag",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_STRUCTURED_REPLY, NBD_OPT_GO, NBD_CMD_READ with "
                 "NBD_CMD_FLAG_DF",
        .wants = "success if NBD_FLAG_SEND_DF is set, and an error if it "
                 "is not",
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::structured);
    talk.enter();
    if (const auto reply = talk.ask(Cmd::read, 0, 4096, commandDf))
    {
        const bool served = reply->error == ErrorValue::none;
        peer.want(served == talk.has(sendDf),
                  fmt::format("NBD_FLAG_SEND_DF {}, and {}",
                              talk.has(sendDf) ? "set" : "clear",
                              served ? "success" : nameOf(reply->error)));
    }
    return talk.wantInStep();
},
    },
};

} // namespace

const Area replyFormArea{"structured-reply", cases};

} // namespace conformance::nbd
