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

constexpr std::string_view optionSpec =
    "proto.md, Option types, NBD_OPT_EXTENDED_HEADERS (11) (branch "
    "extension-ext-header)";
constexpr std::string_view requestSpec =
    "proto.md, Request message (branch extension-ext-header)";
constexpr std::string_view replySpec =
    "proto.md, Extended reply chunk message (branch extension-ext-header)";

constexpr Case cases[] = {
    {
        .id = "nbd.option.extended-headers.answered",
        .spec = optionSpec,
        .says = "For backwards compatibility, clients SHOULD be prepared "
                "to also handle `NBD_REP_ERR_UNSUP`; in this case, only "
                "the compact transmission headers will be used",
        .level = Level::may,
        .subject = Subject::server,
        .sends = "NBD_OPT_EXTENDED_HEADERS",
        .wants = "NBD_REP_ACK or an error, then a session that still "
                 "answers",
        .run =
            [](Peer& peer) {
    peer.sendOption(Opt::extendedHeaders);
    const auto answer = peer.wantAnswer(Opt::extendedHeaders);
    peer.wantUsable();
    if (answer)
    {
        peer.conclude(noted(nameOf(answer->last.type)));
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.extended-headers.data-refused",
        .spec = optionSpec,
        .says = "The client MUST NOT send any additional data with the "
                "option, and the server SHOULD reject a request that "
                "includes data with `NBD_REP_ERR_INVALID`",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_OPT_EXTENDED_HEADERS with 4 bytes of data",
        .wants = "NBD_REP_ERR_INVALID, then a session that still answers",
        .run =
            [](Peer& peer) {
    Peer other = peer.another(); // here it would be a repetition
    other.start();
    Conversation(other, Replies::extended).negotiate();
    peer.conclude(other.verdict());
    peer.sendOption(Opt::extendedHeaders, "data");
    return peer.wantRefusal(Opt::extendedHeaders, {Rep::errInvalid});
},
    },
    {
        .id = "nbd.option.extended-headers.precede-structured-replies",
        .spec = "proto.md, Option types, NBD_OPT_STRUCTURED_REPLY (8) "
                "(branch extension-ext-header)",
        .says = "`NBD_REP_ERR_EXT_HEADER_REQD`: The client has already "
                "successfully negotiated extended headers, which takes "
                "precedence over this option",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_EXTENDED_HEADERS, NBD_OPT_STRUCTURED_REPLY, "
                 "NBD_OPT_GO, NBD_CMD_READ",
        .wants = "NBD_REP_ERR_EXT_HEADER_REQD, and replies that stay "
                 "extended",
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::extended);
    talk.negotiate();
    peer.sendOption(Opt::structuredReply);
    peer.wantReply(Opt::structuredReply, Rep::errExtHeaderReqd);
    talk.go();
    return talk.wantInStep();
},
    },
    {
        .id = "nbd.option.extended-headers.either-way",
        .spec = optionSpec,
        .says = "A client MAY request structured replies first, although "
                "a server SHOULD support this option even if structured "
                "replies are not negotiated",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_OPT_EXTENDED_HEADERS alone, and after "
                 "NBD_OPT_STRUCTURED_REPLY",
        .wants = "NBD_REP_ACK both times, if it is once",
        .run =
            [](Peer& peer) {
    bool acknowledged[2] = {};
    for (const bool structured : {false, true})
    {
        Peer client = peer.another();
        client.start();
        if (structured)
        {
            client.sendOption(Opt::structuredReply);
            client.wantAnswer(Opt::structuredReply);
        }
        client.sendOption(Opt::extendedHeaders);
        const auto answer = client.wantAnswer(Opt::extendedHeaders);
        acknowledged[structured] = answer && answer->acknowledged();
        peer.conclude(client.verdict());
    }
    if (!acknowledged[0] && !acknowledged[1])
    {
        return leaveOut(peer, "the server has no extended headers");
    }
    peer.want(acknowledged[0], "refused without structured replies");
    peer.want(acknowledged[1], "refused after structured replies");
    return peer.verdict();
},
    },
    {
        .id = "nbd.extended-headers.go",
        .spec = "proto.md, Option types, NBD_OPT_INFO (6) and NBD_OPT_GO "
                "(7) (branch extension-ext-header)",
        .says = "if the server has acknowledged a client's request for "
                "`NBD_OPT_EXTENDED_HEADERS`, the server MUST NOT fail "
                "`NBD_OPT_GO` with `NBD_REP_ERR_UNSUP`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_EXTENDED_HEADERS, NBD_OPT_GO",
        .wants = "any answer but NBD_REP_ERR_UNSUP",
        .run =
            [](Peer& peer) {
    Conversation(peer, Replies::extended).negotiate();
    peer.sendInfo(Opt::go, peer.profile().exportName);
    const auto answer = peer.wantAnswer(Opt::go);
    peer.want(!answer || answer->last.type != Rep::errUnsup,
              "NBD_REP_ERR_UNSUP");
    return peer.verdict();
},
    },
    {
        .id = "nbd.extended-headers.export-name",
        .spec = optionSpec,
        .says = "Once extended headers are successfully requested, a "
                "client MUST NOT use `NBD_OPT_EXPORT_NAME`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_EXTENDED_HEADERS, NBD_OPT_EXPORT_NAME",
        .wants = "the export, or a closed connection",
        .run =
            [](Peer& peer) {
    Conversation(peer, Replies::extended).negotiate();
    peer.sendOption(Opt::exportName, peer.profile().exportName);
    peer.allowClose(true);
    peer.wantBytes(InfoExport::wireSize - sizeof(Info),
                   "the export's size and flags");
    return peer.verdict();
},
    },
    {
        .id = "nbd.extended-headers.offset",
        .spec = replySpec,
        .says = "The extended reply has an additional field *offset* "
                "which MUST match the *offset* of the client's request",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ of 4096 bytes at offset 0 and at offset 4096",
        .wants = "those offsets in the header of each chunk",
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::extended);
    talk.enter();
    for (const uint64_t offset : {uint64_t{0}, uint64_t{4096}})
    {
        const auto reply = talk.ask(Cmd::read, offset, 4096);
        for (const ReplyPart& part :
             reply ? reply->parts : std::vector<ReplyPart>{})
        {
            peer.want(part.offset == offset,
                      fmt::format("offset {}", part.offset),
                      fmt::format("offset {}", offset));
        }
    }
    return talk.wantInStep();
},
    },
    {
        .id = "nbd.extended-headers.no-simple-reply",
        .spec = replySpec,
        .says = "If extended headers are negotiated, all server replies "
                "MUST use an extended reply; the server MUST NOT use "
                "simple replies even when there is no payload",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ, NBD_CMD_FLUSH and command 0x7777",
        .wants = "a reply with the extended magic to each",
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::extended);
    talk.enter();
    talk.ask(Cmd::read, 0, 4096);
    if (talk.has(sendFlush))
    {
        talk.ask(Cmd::flush);
    }
    talk.ask(Cmd{0x7777});
    return talk.wantInStep();
},
    },
    {
        .id = "nbd.extended-headers.compact-request",
        .spec = requestSpec,
        .says = "If negotiation agreed on extended transactions with "
                "`NBD_OPT_EXTENDED_HEADERS`, the client instead uses "
                "extended requests",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "a compact NBD_CMD_READ, filled up to the length of an "
                 "extended request",
        .wants = "an error or a closed connection, and no data",
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::extended);
    talk.enter();
    Bytes bytes;
    const uint64_t cookie = peer.random()();
    append(bytes, encode(Request{0, Cmd::read, cookie, 0, 4096}));
    append(bytes, uint32_t{0});
    peer.allowClose(true);
    peer.send(bytes, "compact NBD_CMD_READ and 4 zeroes");
    if (const auto answer = peer.wantBytes(4, "a reply"))
    {
        peer.want(false, "a reply that begins with " + dump(*answer));
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.extended-headers.write-without-payload",
        .spec = "proto.md, Command flags (branch extension-ext-header)",
        .says = "With extended headers, the flag MUST be set for "
                "`NBD_CMD_WRITE` (as the write command always sends a "
                "payload of the bytes to be written)",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE of 4096 bytes without "
                 "NBD_CMD_FLAG_PAYLOAD_LEN, then a read",
        .wants = "an error and the data of the read, or a closed "
                 "connection",
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::extended);
    talk.enter();
    const uint64_t write = talk.sendRaw({0, Cmd::write, 0, 0, 4096});
    // Sent at once: a server that waits for a payload gets no further.
    const uint64_t read = talk.sendRaw({0, Cmd::read, 0, 0, 4096});
    peer.allowClose(true);
    const auto refusal = talk.wantReply(write, Cmd::write);
    peer.want(!refusal || refusal->error != ErrorValue::none, "success",
              "an error");
    talk.wantReply(read, Cmd::read, 4096);
    return peer.verdict();
},
    },
    {
        .id = "nbd.extended-headers.unexpected-payload",
        .spec = requestSpec,
        .says = "in all other cases, a server SHOULD gracefully consume "
                "*length* bytes of payload (even if it then replies with "
                "an `NBD_EINVAL` failure because the particular command "
                "was not expecting a payload), and proceed with the next "
                "client command",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ with NBD_CMD_FLAG_PAYLOAD_LEN and 16 bytes "
                 "of payload",
        .wants = "NBD_EINVAL, and a request after it",
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::extended);
    talk.enter();
    const Bytes payload(16);
    talk.wantError(talk.ask(Cmd::read, 0, 0, 0, payload), {ErrorValue::einval});
    return talk.wantInStep();
},
    },
    {
        .id = "nbd.extended-headers.payload-beyond-limit",
        .spec = requestSpec,
        .says = "A server SHOULD initiate hard disconnect if a client "
                "sets the `NBD_CMD_FLAG_PAYLOAD_LEN` flag and uses a "
                "*length* larger than a server's advertised or default "
                "maximum payload length",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE that announces 2^40 bytes of payload, and "
                 "none of them",
        .wants = "a closed connection",
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::extended);
    talk.enter();
    talk.sendRaw({commandPayloadLen, Cmd::write, 0, 0, uint64_t{1} << 40});
    return peer.wantClosed();
},
    },
    {
        .id = "nbd.extended-headers.long-effect",
        .spec = requestSpec,
        .says = "Thus, only when *length* is used as an effect length "
                "will it utilize a full 64-bit value",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_BLOCK_STATUS, NBD_CMD_TRIM and "
                 "NBD_CMD_WRITE_ZEROES of 2^32 + 4096 bytes",
        .wants = "an error where the export is shorter, nothing changed, "
                 "and a request after it",
        .writes = true,
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::extended);
    talk.negotiate();
    selectAllocation(peer);
    talk.go();
    constexpr uint64_t length = (uint64_t{1} << 32) + 4096;
    if (talk.size() >= length)
    {
        return leaveOut(peer, "the export is larger than 4 GiB");
    }
    const Bytes content = talk.read(0, 4096);
    for (const auto& [flag, type] :
         {std::pair{uint16_t{hasFlags}, Cmd::blockStatus},
          {uint16_t{sendTrim}, Cmd::trim},
          {uint16_t{sendWriteZeroes}, Cmd::writeZeroes}})
    {
        const auto reply = talk.has(flag) ? talk.ask(type, 0, length)
                                          : std::nullopt;
        peer.want(!reply || reply->error != ErrorValue::none,
                  "success for " + nameOf(type), "an error");
    }
    peer.want(talk.read(0, 4096) == content, "another content");
    return peer.verdict();
},
    },
    {
        .id = "nbd.extended-headers.length-wraps",
        .spec = requestSpec,
        .says = "Thus, only when *length* is used as an effect length "
                "will it utilize a full 64-bit value",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ at offset 4096 of 2^63, 2^64 - 1 and 2^64 - "
                 "4096 bytes",
        .wants = "an error to each and a request after it, or a closed "
                 "connection",
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::extended);
    talk.enter();
    peer.allowClose(true);
    for (const uint64_t length :
         {uint64_t{1} << 63, ~uint64_t{0}, ~uint64_t{511}})
    {
        const auto reply = talk.ask(Cmd::read, 4096, length);
        peer.want(!reply || reply->error != ErrorValue::none, "success",
                  "an error");
    }
    return talk.wantInStep();
},
    },
};

} // namespace

const Area extendedArea{"extended-headers", cases};

} // namespace conformance::nbd
