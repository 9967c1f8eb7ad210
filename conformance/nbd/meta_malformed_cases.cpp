// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/meta.hpp"
#include "conformance/nbd/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;
using namespace meta;

namespace
{

constexpr std::string_view conventions = "proto.md, Conventions";
constexpr std::string_view saysString =
    "MUST NOT contain `NUL` characters, SHOULD be no longer than 256 bytes "
    "and MUST be no longer than 4096 bytes. This applies to export names";

/// The data of either option about the export, with a query whose length
/// need not be true.
Bytes raw(Peer& peer, uint32_t count, uint32_t length, std::string_view query)
{
    const std::string& name = peer.profile().exportName;
    Bytes data;
    append(data, static_cast<uint32_t>(name.size()));
    append(data, name);
    append(data, count);
    append(data, length);
    append(data, query);
    return data;
}

/// Each of @p stimuli with either option, refused in step or by hanging up.
/// An NBD_REP_ACK must not come with a context, unless @p mayMatch.
Verdict refused(Peer& peer, const std::vector<Bytes>& stimuli,
                std::initializer_list<Rep> accepted = {Rep::errInvalid},
                bool mayMatch = false)
{
    bool ready = false;
    for (const Opt option : both)
    {
        for (const Bytes& data : stimuli)
        {
            if (peer.closedByTarget())
            {
                peer.start();
                ready = false;
            }
            if (!std::exchange(ready, true))
            {
                begin(peer);
            }
            peer.allowClose(true);
            peer.sendOption(option, data);
            const auto answer = peer.wantAnswer(option, accepted);
            peer.allowClose(answer && !answer->acknowledged());
            peer.want(mayMatch || !answer || !answer->acknowledged() ||
                          answer->parts.empty(),
                      answer && !answer->parts.empty()
                          ? describe(answer->parts.front())
                          : "",
                      "no context");
            if (!peer.closedByTarget())
            {
                peer.wantUsable();
            }
            peer.allowClose(false);
        }
    }
    return peer.verdict();
}

constexpr Case cases[] = {
    {
        .id = "nbd.option.meta-context.query-beyond-data",
        .spec = listSpec,
        .says = "If the option request is syntactically invalid (such as "
                "a query length that would require reading beyond the "
                "original length given in the option header), the server "
                "MUST fail the request with `NBD_REP_ERR_INVALID`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT "
                 "with a query of 64 bytes in 4; with 2 queries announced "
                 "and 1 sent",
        .wants = "NBD_REP_ERR_INVALID and a session in step, or a closed "
                 "connection",
        .run =
            [](Peer& peer) {
    return refused(peer, {raw(peer, 1, 64, "base"), raw(peer, 2, 5, "base:")});
},
    },
    {
        .id = "nbd.option.meta-context.query-count-huge",
        .spec = listSpec,
        .says = "If the option request is syntactically invalid (such as "
                "a query length that would require reading beyond the "
                "original length given in the option header), the server "
                "MUST fail the request with `NBD_REP_ERR_INVALID`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT "
                 "with 0xffffffff queries announced and none sent",
        .wants = "NBD_REP_ERR_INVALID and a session in step, or a closed "
                 "connection",
        .run =
            [](Peer& peer) {
    Bytes data;
    const std::string& name = peer.profile().exportName;
    append(data, static_cast<uint32_t>(name.size()));
    append(data, name);
    append(data, 0xffffffffU);
    return refused(peer, {data});
},
    },
    {
        .id = "nbd.option.meta-context.name-beyond-data",
        .spec = listSpec,
        .says = "If the option request is syntactically invalid (such as "
                "a query length that would require reading beyond the "
                "original length given in the option header), the server "
                "MUST fail the request with `NBD_REP_ERR_INVALID`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT "
                 "with name lengths 65536 and 0xffffffff in 9 bytes of "
                 "data, and with 0 to 7 bytes of data",
        .wants = "NBD_REP_ERR_INVALID and a session in step, or a closed "
                 "connection",
        .run =
            [](Peer& peer) {
    std::vector<Bytes> stimuli;
    for (const uint32_t length : {65536U, 0xffffffffU})
    {
        Bytes data;
        append(data, length);
        append(data, "x");
        append(data, 0U);
        stimuli.push_back(data);
    }
    for (const size_t size : {0U, 3U, 7U})
    {
        stimuli.emplace_back(size);
    }
    return refused(peer, stimuli);
},
    },
    {
        .id = "nbd.option.meta-context.name-too-long",
        .spec = conventions,
        .says = saysString,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT "
                 "with names of 4097 and 65536 bytes",
        .wants = "an error and a session in step, or a closed connection",
        .run =
            [](Peer& peer) {
    std::vector<Bytes> stimuli;
    for (const size_t size : {stringMax + 1, 65536U})
    {
        stimuli.push_back(encodeMetaRequest(std::string(size, 'n'), {}));
    }
    return refused(peer, stimuli,
                   {Rep::errInvalid, Rep::errUnknown, Rep::errTooBig});
},
    },
    {
        .id = "nbd.option.meta-context.longest-name",
        .spec = conventions,
        .says = saysString,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT "
                 "with a name of 4096 bytes",
        .wants = "any answer that ends, with a text of at most 4096 bytes, "
                 "then a session in step (the shape of CVE-2020-10761)",
        .run =
            [](Peer& peer) {
    begin(peer);
    for (const Opt option : both)
    {
        ask(peer, option, std::string(stringMax, 'n'), {"base:"});
        if (const auto answer = peer.wantAnswer(option))
        {
            const std::string fault = stringFault(answer->last.data);
            peer.want(fault.empty(), "a text with " + fault);
        }
        peer.wantUsable();
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.meta-context.query-too-long",
        .spec = conventions,
        .says = saysString,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT "
                 "with a query of 4097 bytes",
        .wants = "NBD_REP_ERR_INVALID or NBD_REP_ACK and a session in "
                 "step, or a closed connection",
        .run =
            [](Peer& peer) {
    const std::string text = "x-none:" + std::string(stringMax - 6, 'q');
    const std::string_view query[] = {text};
    return refused(peer, {encodeMetaRequest(peer.profile().exportName, query)},
                   {Rep::errInvalid, Rep::ack, Rep::errTooBig});
},
    },
    {
        .id = "nbd.option.meta-context.nul-is-no-end",
        .spec = conventions,
        .says = saysString,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT "
                 "with a NUL and an x behind the name, and behind "
                 "base:allocation",
        .wants = "no context and no NUL taken for an end; or a closed "
                 "connection",
        .run =
            [](Peer& peer) {
    const std::string& name = peer.profile().exportName;
    const std::string longName = name + '\0' + 'x';
    const std::string longQuery = std::string(allocationContext) + '\0' + 'x';
    const std::string_view query[] = {longQuery};
    const std::string_view right[] = {allocationContext};
    // With the wrong name or the wrong query there is no context to select.
    return refused(
        peer,
        {encodeMetaRequest(longName, right), encodeMetaRequest(name, query)},
        {Rep::errInvalid, Rep::errUnknown, Rep::ack});
},
    },
    {
        .id = "nbd.option.meta-context.trailing-data",
        .spec = listSpec,
        .says = "Zero or more queries, each being: 32 bits, length of "
                "query; String, query to list a subset of the available "
                "metadata contexts",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT "
                 "with base:allocation and 4 bytes more",
        .wants = "NBD_REP_ERR_INVALID or NBD_REP_ACK and a session in "
                 "step, or a closed connection",
        .run =
            [](Peer& peer) {
    Bytes data = raw(peer, 1, 15, allocationContext);
    append(data, "more");
    return refused(peer, {data}, {Rep::errInvalid, Rep::ack}, true);
},
    },
    {
        .id = "nbd.option.meta-context.trailing-option",
        .spec = listSpec,
        .says = "Zero or more queries, each being: 32 bits, length of "
                "query; String, query to list a subset of the available "
                "metadata contexts",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT "
                 "with base:allocation and then a whole NBD_OPT_LIST as "
                 "part of the data",
        .wants = "the same, and no answer to what is in the data",
        .run =
            [](Peer& peer) {
    Bytes data = raw(peer, 1, 15, allocationContext);
    append(data, encode(OptionHeader{Opt::list, 0}));
    return refused(peer, {data}, {Rep::errInvalid, Rep::ack}, true);
},
    },
    {
        .id = "nbd.option.meta-context.no-namespace",
        .spec = listSpec,
        .says = "For requests that are semantically invalid (such as "
                "lacking the required colon that delimits the namespace, "
                "or using a leaf name that is invalid for a known "
                "namespace), the server MAY fail the request with "
                "`NBD_REP_ERR_INVALID`",
        .level = Level::may,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT "
                 "with a query without a colon, and an empty one",
        .wants = "NBD_REP_ERR_INVALID or NBD_REP_ACK, then a session that "
                 "still answers",
        .run =
            [](Peer& peer) {
    begin(peer);
    std::string seen;
    for (const Opt option : both)
    {
        for (const std::string_view text : {"allocation", ""})
        {
            ask(peer, option, peer.profile().exportName, {text});
            const auto answer = peer.wantAnswer(option,
                                                {Rep::errInvalid, Rep::ack});
            seen += (seen.empty() ? "" : ", ") +
                    (answer ? nameOf(answer->last.type) : "");
        }
    }
    peer.wantUsable();
    peer.conclude(noted(seen));
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.meta-context.many-queries",
        .spec = listSpec,
        .says = "In this case, the server MAY fail with "
                "`NBD_REP_ERR_TOO_BIG` if too many queries are requested",
        .level = Level::may,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT "
                 "with 1000 queries",
        .wants = "an answer, then a session that still answers",
        .run =
            [](Peer& peer) {
    begin(peer);
    const std::vector<std::string_view> queries(1000, "x-none:y");
    std::string seen;
    for (const Opt option : both)
    {
        peer.sendOption(option,
                        encodeMetaRequest(peer.profile().exportName, queries));
        const auto answer = peer.wantAnswer(
            option, {Rep::ack, Rep::errTooBig, Rep::errInvalid});
        seen += (seen.empty() ? "" : ", ") +
                (answer ? nameOf(answer->last.type) : "");
    }
    peer.wantUsable();
    peer.conclude(noted(seen));
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.meta-context.unknown-export",
        .spec = "proto.md, Option reply types, NBD_REP_ERR_UNKNOWN (2^31 "
                "+ 6)",
        .says = "The requested export is not available",
        .level = Level::may,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT "
                 "for a name that no export has",
        .wants = "an answer, then a session that still answers",
        .run =
            [](Peer& peer) {
    begin(peer);
    if (!peer.profile().selectsByName)
    {
        return anyNameSelects();
    }
    std::string seen;
    for (const Opt option : both)
    {
        ask(peer, option, unheardName, {"base:"});
        const auto answer = peer.wantAnswer(option);
        seen += (seen.empty() ? "" : ", ") +
                (answer ? nameOf(answer->last.type) : "");
    }
    peer.wantUsable();
    peer.conclude(noted(seen));
    return peer.verdict();
},
    },
};

} // namespace

const Area metaMalformedArea{"meta-context, malformed", cases};

} // namespace conformance::nbd
