// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/peer.hpp"
#include "conformance/nbd/text.hpp"

#include <fmt/format.h>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view baseline = "proto.md, Baseline";
constexpr std::string_view saysUnsup =
    "Servers that receive messages which they do not implement MUST reply to "
    "them with `NBD_REP_ERR_UNSUP`, and MUST NOT fail to parse the next "
    "message received";

/// An option that no server has, whose data only has to be skipped.
void refusesUnknown(Peer& peer, size_t size)
{
    Bytes data(size);
    for (std::byte& byte : data)
    {
        byte = static_cast<std::byte>(peer.random()());
    }
    peer.sendOption(unknownOption, data);
    peer.wantReply(unknownOption, Rep::errUnsup);
}

constexpr Case cases[] = {
    {
        .id = "nbd.option.reply.echoes-option",
        .spec = "proto.md, Fixed newstyle negotiation",
        .says = "S: 32 bits, the option as sent by the client to which this "
                "is a reply",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "unknown options 0x10000, 0x7fffffff and 0xfffffffe",
        .wants = "replies with the reply magic and the same option number",
        .run =
            [](Peer& peer) {
    for (const uint32_t number : {0x10000U, 0x7fffffffU, 0xfffffffeU})
    {
        peer.sendOption(Opt{number});
        peer.wantAnswer(Opt{number});
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.unknown.empty",
        .spec = baseline,
        .says = saysUnsup,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "an unknown option without data",
        .wants = "NBD_REP_ERR_UNSUP, then a session that still answers",
        .run =
            [](Peer& peer) {
    refusesUnknown(peer, 0);
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.option.unknown.payload-skipped",
        .spec = "proto.md, Newstyle negotiation; Baseline",
        .says = saysUnsup,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "an unknown option with 4, 4096 and 65536 bytes of data",
        .wants = "NBD_REP_ERR_UNSUP each, then a session that still answers",
        .run =
            [](Peer& peer) {
    for (const size_t size : {4U, 4096U, 65536U})
    {
        refusesUnknown(peer, size);
        peer.wantUsable();
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.unknown.payload-not-parsed",
        .spec = "proto.md, Newstyle negotiation",
        .says = "The presence of the option length in every option allows "
                "the server to skip any options presented by the client that "
                "it does not understand",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "an unknown option whose data is a whole NBD_OPT_LIST",
        .wants = "NBD_REP_ERR_UNSUP, and no answer to what is in the data",
        .run =
            [](Peer& peer) {
    peer.sendOption(unknownOption, encode(OptionHeader{Opt::list, 0}));
    peer.wantReply(unknownOption, Rep::errUnsup);
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.option.unknown.large-payload",
        .spec = "proto.md, Termination of the session during option haggling",
        .says = "if a server believes a client's behaviour constitutes a "
                "denial of service, it MAY initiate a hard disconnect",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "an unknown option with 1 MiB of data",
        .wants = "NBD_REP_ERR_UNSUP and a session in step, or a closed "
                 "connection",
        .run =
            [](Peer& peer) {
    peer.sendOption(unknownOption, Bytes(1 << 20));
    return peer.wantRefusal(unknownOption, {Rep::errUnsup, Rep::errTooBig});
},
    },
    {
        .id = "nbd.option.unknown.any-number",
        .spec = baseline,
        .says = saysUnsup,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "24 options with random numbers from 64 up",
        .wants = "NBD_REP_ERR_UNSUP to each of them",
        .run =
            [](Peer& peer) {
    // Fewer than nbdkit's 32 options, which the spec allows.
    for (int i = 0; i < 24; ++i)
    {
        const Opt option{static_cast<uint32_t>(peer.random()()) | 64U};
        peer.sendOption(option);
        peer.wantReply(option, Rep::errUnsup);
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.peek-export.refused",
        .spec = "proto.md, Option types, NBD_OPT_PEEK_EXPORT (4); Baseline",
        .says = "Was defined by the (withdrawn) experimental `PEEK_EXPORT` "
                "extension; not in use",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_PEEK_EXPORT",
        .wants = "NBD_REP_ERR_UNSUP, then a session that still answers",
        .run =
            [](Peer& peer) {
    peer.sendOption(Opt::peekExport);
    peer.wantReply(Opt::peekExport, Rep::errUnsup);
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.option.starttls.refused-without-tls",
        .spec = "proto.md, NOTLS mode",
        .says = "it MUST respond with `NBD_REP_ERR_POLICY` (if it does not "
                "support TLS for policy reasons), `NBD_REP_ERR_UNSUP` (if it "
                "does not support the `NBD_OPT_STARTTLS` option at all) or "
                "another error explicitly permitted by this document",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_STARTTLS",
        .wants = "an error, then a session that still answers",
        .run =
            [](Peer& peer) {
    peer.sendOption(Opt::startTls);
    const auto answer = peer.wantAnswer(Opt::startTls);
    if (answer && answer->acknowledged())
    {
        peer.conclude(notApplicable("the server offers TLS"));
    }
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.option.wrong-magic.not-obeyed",
        .spec = "proto.md, Newstyle negotiation",
        .says = "C: 64 bits, `0x49484156454F5054` (ASCII '`IHAVEOPT`')",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST that begins with IHAVEOPS",
        .wants = "a closed connection or an error, and no list",
        .run =
            [](Peer& peer) {
    auto bytes = encode(OptionHeader{Opt::list, 0});
    bytes[7] = std::byte{'S'};
    peer.send(bytes, "IHAVEOPS, NBD_OPT_LIST");
    // Where the next message would begin nobody can know.
    return peer.wantRefusal(Opt::list, {Rep::errInvalid, Rep::errUnsup});
},
    },
    {
        .id = "nbd.option.length.survives-huge",
        .spec = "proto.md, Termination of the session during option haggling",
        .says = "if a server believes a client's behaviour constitutes a "
                "denial of service, it MAY initiate a hard disconnect",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends =
            "an option header with length 0xffffffff and 1 MiB of that, then "
            "nothing",
        .wants = "other clients to be served (the shape of CVE-2017-15119)",
        .run =
            [](Peer& peer) {
    peer.sendOptionHeader(unknownOption, 0xffffffff);
    // More than a buffer holds: who takes it has seen the header.
    peer.sendUntilStuck(Bytes(1 << 20), "1 MiB of 4 GiB");
    Peer other = peer.another();
    other.start();
    return other.wantUsable();
},
    },
    {
        .id = "nbd.option.error-text.is-a-string",
        .spec = "proto.md, Option reply types; Conventions",
        .says = "MUST NOT contain `NUL` characters, SHOULD be no longer than "
                "256 bytes and MUST be no longer than 4096 bytes. This "
                "applies to export names and error messages",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "an unknown option, and NBD_OPT_INFO for a long unknown name",
        .wants = "error texts of valid UTF-8 up to 4096 bytes without NUL",
        .run =
            [](Peer& peer) {
    const std::string longName(stringMax, 'n');
    peer.sendOption(unknownOption);
    const auto unknown = peer.wantAnswer(unknownOption);
    peer.sendInfo(Opt::info, longName);
    const auto info = peer.wantAnswer(Opt::info);
    for (const auto& answer : {unknown, info})
    {
        if (answer && !answer->acknowledged())
        {
            const auto fault = stringFault(answer->last.data);
            peer.want(fault.empty(), "a text with " + fault);
        }
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.error-text.is-short",
        .spec = "proto.md, Conventions",
        .says = "that string is a sequence of UTF-8 code points, which is "
                "not `NUL` terminated, ... SHOULD be no longer than 256 bytes",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_OPT_INFO for an unknown name of 200 bytes",
        .wants = "an error text of at most 256 bytes",
        .run =
            [](Peer& peer) {
    peer.sendInfo(Opt::info, std::string(200, 'n'));
    if (const auto answer = peer.wantAnswer(Opt::info))
    {
        const size_t size = answer->last.data.size();
        peer.want(size <= 256, fmt::format("a text of {} bytes", size));
    }
    return peer.verdict();
},
    },
};

} // namespace

const Area optionArea{"option", cases};

} // namespace conformance::nbd
