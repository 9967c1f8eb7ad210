// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/peer.hpp"

#include <fmt/format.h>

namespace conformance::nbd
{

using namespace vmedia::nbd;

/// How much haggling a server bears, and what it does then.
namespace
{

constexpr Case cases[] = {
    {
        .id = "nbd.option.unknown.largest-payload",
        .spec = "proto.md, Termination of the session during option "
                "haggling",
        .says = "if a server believes a client's behaviour constitutes a "
                "denial of service, it MAY initiate a hard disconnect",
        .level = Level::may,
        .subject = Subject::server,
        .sends = "an unknown option with 32 MiB of data, and one with 64 "
                 "MiB",
        .wants = "NBD_REP_ERR_UNSUP and a session in step, or a closed "
                 "connection",
        .run =
            [](Peer& peer) {
    std::string most = "closes at 32 MiB of data";
    for (const uint32_t mebibytes : {32U, 64U})
    {
        if (!peer.closedByTarget())
        {
            peer.sendOptionHeader(unknownOption, mebibytes << 20);
            peer.send(Bytes(mebibytes << 20), "as many zeroes");
            peer.wantRefusal(unknownOption, {Rep::errUnsup, Rep::errTooBig});
            most = peer.closedByTarget()
                       ? fmt::format("closes at {} MiB of data", mebibytes)
                       : fmt::format("skips {} MiB of data", mebibytes);
        }
    }
    peer.conclude(noted(most));
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.reply-magic.not-obeyed",
        .spec = "proto.md, Newstyle negotiation",
        .says = "C: 64 bits, `0x49484156454F5054` (ASCII '`IHAVEOPT`')",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST that begins with the magic of a reply",
        .wants = "a closed connection or an error, and no list",
        .run =
            [](Peer& peer) {
    Bytes bytes;
    append(bytes, optionReplyMagic);
    append(bytes, Opt::list);
    append(bytes, uint32_t{0});
    peer.send(bytes, "the magic of a reply, NBD_OPT_LIST");
    return peer.wantRefusal(Opt::list, {Rep::errInvalid, Rep::errUnsup});
},
    },
    {
        .id = "nbd.option.acknowledgement.has-no-data",
        .spec = "proto.md, Option reply types, NBD_REP_ACK (1)",
        .says = "Will be sent by the server when it accepts the option "
                "and no further information is available, or when sending "
                "data related to the option (in the case of "
                "`NBD_OPT_LIST`) has finished. No data.",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST, NBD_OPT_STRUCTURED_REPLY, NBD_OPT_INFO and "
                 "NBD_OPT_ABORT",
        .wants = "no data with any NBD_REP_ACK",
        .run =
            [](Peer& peer) {
    const auto look = [&peer](Opt option) {
        const auto answer = peer.wantAnswer(option);
        peer.want(!answer || !answer->acknowledged() ||
                      answer->last.data.empty(),
                  answer ? describe(answer->last) : "");
    };
    for (const Opt option : {Opt::list, Opt::structuredReply})
    {
        peer.sendOption(option);
        look(option);
    }
    peer.sendInfo(Opt::info, peer.profile().exportName);
    look(Opt::info);
    peer.allowClose(true); // that it answers is another case's sentence
    peer.sendOption(Opt::abort);
    look(Opt::abort);
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.many",
        .spec = "proto.md, Termination of the session during option "
                "haggling",
        .says = "if a server believes a client's behaviour constitutes a "
                "denial of service, it MAY initiate a hard disconnect",
        .level = Level::may,
        .subject = Subject::server,
        .sends = "200 unknown options",
        .wants = "NBD_REP_ERR_UNSUP to each, or a closed connection after "
                 "some",
        .run =
            [](Peer& peer) {
    peer.allowClose(true);
    int answered = 0;
    while (answered < 200 && (peer.sendOption(unknownOption),
                              peer.wantAnswer(unknownOption, {Rep::errUnsup})))
    {
        ++answered;
    }
    peer.conclude(
        noted(fmt::format("answers {}{}", answered,
                          answered < 200 ? ", then closes" : " of them")));
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.refusal.keeps-session",
        .spec = "proto.md, Termination of the session during option "
                "haggling",
        .says = "In the server's case it MUST (save where set out above) "
                "simply error inbound options until the client gets the "
                "hint that it is unwelcome",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "options that a client may send and that get errors: an "
                 "unknown one, NBD_OPT_PEEK_EXPORT, NBD_OPT_INFO and "
                 "NBD_OPT_GO for an unknown name",
        .wants = "answers, and a session that still answers",
        .run =
            [](Peer& peer) {
    for (int round = 0; round < 3; ++round)
    {
        peer.sendOption(Opt::peekExport);
        peer.wantAnswer(Opt::peekExport);
        peer.wantUsable();
        peer.sendInfo(Opt::info, unheardName);
        peer.wantAnswer(Opt::info);
        if (peer.profile().selectsByName)
        {
            peer.sendInfo(Opt::go, unheardName);
            peer.wantAnswer(Opt::go);
        }
    }
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.option.cut-off",
        .spec = "proto.md, Termination of the session during option "
                "haggling",
        .says = "The client or the server can disconnect the TCP session "
                "without activity at the NBD protocol level",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST, NBD_OPT_INFO and an unknown option that "
                 "announce 64 bytes, 10 of them and then the end",
        .wants = "a server that serves the next client",
        .run =
            [](Peer& peer) {
    for (const Opt option : {Opt::list, Opt::info, unknownOption})
    {
        peer.sendOptionHeader(option, 64);
        peer.send(Bytes(10), "10 bytes");
        peer.hangUp();
        peer.start();
    }
    return peer.wantUsable();
},
    },
};

} // namespace

const Area optionLimitArea{"option limits", cases};

} // namespace conformance::nbd
