// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/meta.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;
using namespace meta;

namespace
{

constexpr std::string_view baseSpec = "proto.md, The base: metadata namespace";

/// Both options with that query: NBD_REP_ACK and nothing else.
Verdict selectsNothing(Peer& peer, std::string_view text)
{
    for (const Opt option : both)
    {
        const auto found = query(peer, option, {text});
        peer.want(found.empty(), textOf(found), "no context");
    }
    return peer.wantUsable();
}

constexpr Case cases[] = {
    {
        .id = "nbd.option.set-meta-context.needs-structured-replies",
        .spec = setSpec,
        .says = "This option MUST NOT be requested unless structured "
                "replies have been negotiated first. If a client attempts "
                "to do so, a server SHOULD send `NBD_REP_ERR_INVALID`",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_OPT_SET_META_CONTEXT without "
                 "NBD_OPT_STRUCTURED_REPLY before it",
        .wants = "NBD_REP_ERR_INVALID, then a session that still answers",
        .run =
            [](Peer& peer) {
    ask(peer, Opt::setMetaContext, peer.profile().exportName,
        {allocationContext});
    const auto answer = peer.wantAnswer(
        Opt::setMetaContext,
        {Rep::errInvalid, Rep::errExtHeaderReqd, Rep::errUnsup});
    peer.wantUsable();
    if (answer && answer->last.type == Rep::errUnsup)
    {
        peer.conclude(notApplicable("the server has no metadata contexts"));
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.list-meta-context.before-structured-replies",
        .spec = listSpec,
        .says = "This option SHOULD NOT be requested unless structured "
                "replies have been negotiated first. If a client attempts "
                "to do so, a server MAY send `NBD_REP_ERR_INVALID`",
        .level = Level::may,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST_META_CONTEXT without "
                 "NBD_OPT_STRUCTURED_REPLY before it",
        .wants = "a list or an error, then a session that still answers",
        .run =
            [](Peer& peer) {
    ask(peer, Opt::listMetaContext, peer.profile().exportName, {});
    const auto answer = peer.wantAnswer(Opt::listMetaContext);
    peer.wantUsable();
    if (answer)
    {
        peer.conclude(
            noted(fmt::format("{} contexts and {}", answer->parts.size(),
                              nameOf(answer->last.type))));
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.list-meta-context.no-query",
        .spec = listSpec,
        .says = "If zero queries are sent, then the server MUST return "
                "all the metadata contexts that are available to the "
                "client to select on the given export",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST_META_CONTEXT without a query, and with "
                 "base:",
        .wants = "NBD_REP_ACK, and in the first list all that is in the "
                 "second",
        .run =
            [](Peer& peer) {
    begin(peer);
    const auto all = query(peer, Opt::listMetaContext, {});
    const auto base = query(peer, Opt::listMetaContext, {"base:"});
    for (const Context& one : base)
    {
        // "this list may include wildcards": then that one stands for it.
        peer.want(std::ranges::any_of(all,
                                      [&](const Context& other) {
            return other.name == one.name || other.name == "base:";
        }),
                  textOf(all), textOf(base));
    }
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.option.list-meta-context.ids-are-zero",
        .spec = listSpec,
        .says = "The metadata context ID in these replies is reserved and "
                "SHOULD be set to zero; clients MUST disregard it",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST_META_CONTEXT without a query",
        .wants = "ids of 0",
        .run =
            [](Peer& peer) {
    begin(peer);
    const auto all = query(peer, Opt::listMetaContext, {});
    peer.want(std::ranges::all_of(
                  all, [](const Context& one) { return one.id == 0; }),
              textOf(all));
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.list-meta-context.base-wildcard",
        .spec = baseSpec,
        .says = "`base:` - the server MUST ignore this form during "
                "`NBD_OPT_SET_META_CONTEXT`, and MUST support this as a "
                "wildcard during `NBD_OPT_LIST_META_CONTEXT`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST_META_CONTEXT with base:",
        .wants = "base:allocation in it, if that can be selected",
        .run =
            [](Peer& peer) {
    begin(peer);
    const auto listed = query(peer, Opt::listMetaContext, {"base:"});
    if (query(peer, Opt::setMetaContext, {allocationContext}).empty())
    {
        return leaveOut(peer, "base:allocation cannot be selected");
    }
    peer.want(std::ranges::any_of(listed,
                                  [](const Context& one) {
        return one.name == allocationContext;
    }),
              textOf(listed), "base:allocation");
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.option.set-meta-context.base-wildcard-ignored",
        .spec = baseSpec,
        .says = "`base:` - the server MUST ignore this form during "
                "`NBD_OPT_SET_META_CONTEXT`, and MUST support this as a "
                "wildcard during `NBD_OPT_LIST_META_CONTEXT`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_SET_META_CONTEXT with base:",
        .wants = "NBD_REP_ACK and no context",
        .run =
            [](Peer& peer) {
    begin(peer);
    const auto found = query(peer, Opt::setMetaContext, {"base:"});
    peer.want(found.empty(), textOf(found));
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.option.meta-context.unknown-leaf-ignored",
        .spec = baseSpec,
        .says = "If a `[leaf-name]` requested by the client is not "
                "recognized, the server MUST ignore it rather than report "
                "an error",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT "
                 "with base:nosuch",
        .wants = "NBD_REP_ACK and no context",
        .run =
            [](Peer& peer) {
    begin(peer);
    return selectsNothing(peer, "base:nosuch");
},
    },
    {
        .id = "nbd.option.meta-context.unknown-namespace-ignored",
        .spec = listSpec,
        .says = "However, the server MUST ignore query strings belonging "
                "to an unknown namespace",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT "
                 "with x-none:y",
        .wants = "NBD_REP_ACK and no context",
        .run =
            [](Peer& peer) {
    begin(peer);
    return selectsNothing(peer, "x-none:y");
},
    },
};

} // namespace

const Area metaArea{"meta-context", cases};

} // namespace conformance::nbd
