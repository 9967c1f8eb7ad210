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

constexpr std::string_view listSpec =
    "proto.md, Option types, NBD_OPT_LIST (3)";
constexpr std::string_view serverSpec =
    "proto.md, Option reply types, NBD_REP_SERVER (2)";

/// The answer to NBD_OPT_LIST, where the server gives a list.
std::optional<Answer> list(Peer& peer)
{
    peer.sendOption(Opt::list);
    auto answer = peer.wantAnswer(Opt::list);
    if (answer && !answer->acknowledged())
    {
        peer.conclude(notApplicable("the server gives no list: " +
                                    nameOf(answer->last.type)));
        return std::nullopt;
    }
    return answer;
}

/// What an NBD_REP_SERVER holds; the name is as long as it says.
struct Entry
{
    std::string_view name;
    ByteView details;
};

std::optional<Entry> entryIn(const OptionReply& reply)
{
    Reader reader{reply.data};
    if (reader.left() < 4)
    {
        return std::nullopt;
    }
    const uint32_t size = reader.u32();
    if (size > reader.left())
    {
        return std::nullopt;
    }
    const std::string_view name = reader.text(size);
    return Entry{name, reader.bytes(reader.left())};
}

constexpr Case cases[] = {
    {
        .id = "nbd.option.list.answered",
        .spec = listSpec,
        .says = "Return zero or more `NBD_REP_SERVER` replies, one for each "
                "export, followed by `NBD_REP_ACK` or an error",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST",
        .wants = "only NBD_REP_SERVER before NBD_REP_ACK or an error, but "
                 "NBD_REP_ERR_UNSUP: the baseline has this option",
        .run =
            [](Peer& peer) {
    peer.sendOption(Opt::list);
    if (const auto answer = peer.wantAnswer(Opt::list))
    {
        for (const OptionReply& part : answer->parts)
        {
            peer.want(part.type == Rep::server, describe(part));
        }
        peer.want(answer->last.type != Rep::errUnsup, describe(answer->last));
        // "[NBD_REP_ACK] No data."
        peer.want(!answer->acknowledged() || answer->last.data.empty(),
                  describe(answer->last));
    }
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.option.list.entries-hold-names",
        .spec = serverSpec,
        .says = "32 bits, length of name (unsigned); MUST be no larger than "
                "the reply packet header length - 4",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST",
        .wants = "in each entry a length that its data holds",
        .run =
            [](Peer& peer) {
    if (const auto answer = list(peer))
    {
        for (const OptionReply& part : answer->parts)
        {
            peer.want(entryIn(part).has_value(), describe(part));
        }
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.list.names-are-strings",
        .spec = "proto.md, Conventions",
        .says =
            "MUST NOT contain `NUL` characters, SHOULD be no longer than 256 "
            "bytes and MUST be no longer than 4096 bytes. This applies to "
            "export names",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST",
        .wants = "names and descriptions of valid UTF-8 without NUL",
        .run =
            [](Peer& peer) {
    if (const auto answer = list(peer))
    {
        for (const OptionReply& part : answer->parts)
        {
            const Entry entry = entryIn(part).value_or(Entry{});
            const std::string name =
                stringFault(std::as_bytes(std::span(entry.name)));
            const std::string rest = stringFault(entry.details);
            peer.want(name.empty(), "a name with " + name);
            peer.want(rest.empty(), "a description with " + rest);
        }
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.list.names-are-accepted",
        .spec = serverSpec,
        .says = "String, name of the export, as expected by "
                "`NBD_OPT_EXPORT_NAME`, `NBD_OPT_INFO`, or `NBD_OPT_GO`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST, then NBD_OPT_INFO for the names (at most 16)",
        .wants = "no NBD_REP_ERR_UNKNOWN for a name that was listed",
        .run =
            [](Peer& peer) {
    const auto answer = list(peer);
    const size_t count = answer ? std::min<size_t>(answer->parts.size(), 16)
                                : 0;
    for (size_t i = 0; i < count; ++i)
    {
        const Entry entry = entryIn(answer->parts[i]).value_or(Entry{});
        peer.sendInfo(Opt::info, entry.name);
        const auto info = peer.wantAnswer(Opt::info);
        peer.want(!info || info->last.type != Rep::errUnknown,
                  fmt::format("NBD_REP_ERR_UNKNOWN for '{}'", entry.name));
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.list.data-refused",
        .spec = listSpec,
        .says = "the server SHOULD reject a request that includes data with "
                "`NBD_REP_ERR_INVALID`",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST with 4 bytes of data",
        .wants = "NBD_REP_ERR_INVALID and no list before it",
        .run =
            [](Peer& peer) {
    peer.sendOption(Opt::list, "data");
    if (const auto answer = peer.wantAnswer(Opt::list,
                                            {Rep::errInvalid, Rep::errPolicy}))
    {
        peer.want(answer->parts.empty(),
                  fmt::format("{} entries before {}", answer->parts.size(),
                              nameOf(answer->last.type)));
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.list.data-skipped",
        .spec = "proto.md, Newstyle negotiation",
        .says = "C: any data needed for the chosen option, of length as "
                "specified above",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST with 4 bytes of data, then an unknown option",
        .wants = "one answer each, or a closed connection: the client broke "
                 "a MUST NOT",
        .run =
            [](Peer& peer) {
    peer.sendOption(Opt::list, "data");
    return peer.wantRefusal(Opt::list,
                            {Rep::ack, Rep::errInvalid, Rep::errPolicy});
},
    },
    {
        .id = "nbd.option.list.twice",
        .spec = "proto.md, Fixed newstyle negotiation",
        .says = "The client SHOULD NOT send such messages more than once; if "
                "it does, the server MAY fail the repeated message with "
                "`NBD_REP_ERR_INVALID`",
        .level = Level::may,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST twice",
        .wants = "two answers; a second refusal is unkind, for the list "
                 "changes no state",
        .run =
            [](Peer& peer) {
    const auto first = list(peer);
    peer.sendOption(Opt::list);
    const auto second = peer.wantAnswer(Opt::list);
    peer.wantUsable();
    if (first && second)
    {
        peer.conclude(noted(second->parts == first->parts
                                ? "the same list twice"
                                : "the second time " + describe(second->last)));
    }
    return peer.verdict();
},
    },
};

} // namespace

const Area listArea{"list", cases};

} // namespace conformance::nbd
