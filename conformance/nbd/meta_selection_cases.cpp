// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/meta.hpp"
#include "conformance/nbd/steps.hpp"

namespace conformance::nbd
{

using namespace vmedia::nbd;
using namespace meta;

namespace
{

/// NBD_CMD_BLOCK_STATUS fails, for no context is selected any more.
Verdict wantNoStatus(Peer& peer, Conversation& talk)
{
    if (peer.closedByTarget())
    {
        return peer.verdict();
    }
    talk.go();
    const auto reply = talk.ask(Cmd::blockStatus, 0, 4096);
    peer.want(!reply || reply->error != ErrorValue::none, "success",
              "NBD_EINVAL: no context is selected");
    return talk.wantInStep();
}

constexpr Case cases[] = {
    {
        .id = "nbd.option.set-meta-context.allocation",
        .spec = setSpec,
        .says = "Otherwise the server MUST reply with a number of "
                "`NBD_REP_META_CONTEXT` replies, one for each selected "
                "metadata context, each with a unique metadata context "
                "ID, followed by `NBD_REP_ACK`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_SET_META_CONTEXT with base:allocation",
        .wants = "base:allocation once, if it is listed",
        .run =
            [](Peer& peer) {
    begin(peer);
    const auto listed = query(peer, Opt::listMetaContext, {allocationContext});
    const auto found = query(peer, Opt::setMetaContext, {allocationContext});
    if (listed.empty() && found.empty())
    {
        return leaveOut(peer, "base:allocation is not listed");
    }
    peer.want(found.size() == 1 && found.front().name == allocationContext,
              textOf(found));
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.option.set-meta-context.same-query-thrice",
        .spec = setSpec,
        .says = "Otherwise the server MUST reply with a number of "
                "`NBD_REP_META_CONTEXT` replies, one for each selected "
                "metadata context, each with a unique metadata context "
                "ID, followed by `NBD_REP_ACK`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_SET_META_CONTEXT with base:allocation three "
                 "times",
        .wants = "base:allocation at most once",
        .run =
            [](Peer& peer) {
    begin(peer);
    const auto found =
        query(peer, Opt::setMetaContext,
              {allocationContext, allocationContext, allocationContext});
    peer.want(found.size() <= 1, textOf(found));
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.option.set-meta-context.no-query",
        .spec = setSpec,
        .says = "If zero queries are sent, the server MUST select no "
                "metadata contexts",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_SET_META_CONTEXT with base:allocation, then "
                 "without a query; NBD_OPT_GO, NBD_CMD_BLOCK_STATUS",
        .wants = "no context, and an error to the command",
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::structured);
    talk.negotiate();
    selectAllocation(peer);
    const auto found = query(peer, Opt::setMetaContext, {});
    peer.want(found.empty(), textOf(found), "no context");
    return wantNoStatus(peer, talk);
},
    },
    {
        .id = "nbd.option.set-meta-context.failure-drops-selection",
        .spec = setSpec,
        .says = "Issuing this command replaces all previously-set "
                "metadata contexts (including when this command fails)",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_SET_META_CONTEXT with base:allocation, then a "
                 "malformed one; NBD_OPT_GO, NBD_CMD_BLOCK_STATUS",
        .wants = "an error to the command, or a closed connection",
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::structured);
    talk.negotiate();
    selectAllocation(peer);
    peer.sendOption(Opt::setMetaContext, "abc");
    peer.wantRefusal(Opt::setMetaContext, {Rep::errInvalid});
    return wantNoStatus(peer, talk);
},
    },
    {
        .id = "nbd.option.set-meta-context.other-export",
        .spec = setSpec,
        .says = "where the final time it was sent, it referred to the "
                "same export name that was ultimately selected for "
                "transmission phase",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_SET_META_CONTEXT for the export, then for a name "
                 "that no export has; NBD_OPT_GO for the export, "
                 "NBD_CMD_BLOCK_STATUS",
        .wants = "an error to the command",
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::structured);
    talk.negotiate();
    selectAllocation(peer);
    ask(peer, Opt::setMetaContext, unheardName, {allocationContext});
    peer.wantAnswer(Opt::setMetaContext);
    return wantNoStatus(peer, talk);
},
    },
};

} // namespace

const Area metaSelectionArea{"meta-context", cases};

} // namespace conformance::nbd
