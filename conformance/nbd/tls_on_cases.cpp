// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/tls_steps.hpp"

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view onSpec =
    "proto.md, TLS support, Server-side requirements, SELECTIVETLS mode";

constexpr Needs selective = Needs::tlsOn | Needs::tlsOnlyExport;

constexpr Case cases[] = {
    {
        .id = "nbd.tls.on.tls-only-refused",
        .spec = onSpec,
        .says = "If the server receives `NBD_OPT_INFO` or `NBD_OPT_GO` and "
                "TLS has not been initiated, it MAY reply with "
                "`NBD_REP_ERR_TLS_REQD` if that export is non-existent, and "
                "MUST reply with `NBD_REP_ERR_TLS_REQD` if that export is "
                "TLS-only",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_INFO and NBD_OPT_GO of the export that needs TLS",
        .wants = "NBD_REP_ERR_TLS_REQD to both",
        .needs = selective,
        .run =
            [](Peer& peer) {
    const Bytes request = encodeInfoRequest(peer.profile().tlsOnlyExport, {});
    wantRequired(peer, Opt::info, request);
    wantRequired(peer, Opt::go, request);
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.tls.on.tls-only-terminates",
        .spec = onSpec,
        .says = "If the server receives a request to enter transmission mode "
                "via `NBD_OPT_EXPORT_NAME` on a TLS-only export when TLS has "
                "not been initiated, then as this request cannot error, it "
                "MUST terminate the session",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_EXPORT_NAME of the export that needs TLS",
        .wants = "a closed connection, and not one byte of the export",
        .needs = selective,
        .run =
            [](Peer& peer) {
    return wantTerminated(peer, peer.profile().tlsOnlyExport);
},
    },
    {
        .id = "nbd.tls.on.plain-served",
        .spec = modesSpec,
        .says = "Instead it permits the client to upgrade as and when it "
                "chooses",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_GO, and on another connection NBD_OPT_EXPORT_NAME, "
                 "of an export that needs no TLS",
        .wants = "the export",
        .needs = Needs::tlsOn,
        .run =
            [](Peer& peer) {
    go(peer);
    peer.wantRead(block);
    onAnother(peer, [](Peer& other) {
        other.sendOption(Opt::exportName, other.profile().exportName);
        other.wantBytes(10, "size and flags");
        other.wantRead(block);
    });
    return peer.verdict();
},
    },
    {
        .id = "nbd.tls.on.unheard-name",
        .spec = onSpec,
        .says = "If the server receives `NBD_OPT_INFO` or `NBD_OPT_GO` and "
                "TLS has not been initiated, it MAY reply with "
                "`NBD_REP_ERR_TLS_REQD` if that export is non-existent",
        .level = Level::may,
        .subject = Subject::server,
        .sends = "NBD_OPT_INFO of a name that no export has, before TLS",
        .wants = "NBD_REP_ERR_UNKNOWN or NBD_REP_ERR_TLS_REQD",
        .needs = Needs::tlsOn,
        .run =
            [](Peer& peer) {
    if (!peer.profile().selectsByName)
    {
        return anyNameSelects();
    }
    peer.sendInfo(Opt::info, unheardName);
    const auto answer = peer.wantAnswer(Opt::info,
                                        {Rep::errUnknown, Rep::errTlsReqd});
    return answer ? noted(nameOf(answer->last.type)) : peer.verdict();
},
    },
    {
        .id = "nbd.tls.on.options-answered",
        .spec = onSpec,
        .says = "The server MUST NOT send `NBD_REP_ERR_TLS_REQD` in response "
                "to any option other than `NBD_OPT_INFO`, `NBD_OPT_GO` and "
                "`NBD_OPT_EXPORT_NAME`, and only in those cases in respect of "
                "a TLS-only or non-existent export",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST, NBD_OPT_STRUCTURED_REPLY, an unknown option "
                 "and others before TLS",
        .wants = "no NBD_REP_ERR_TLS_REQD",
        .needs = Needs::tlsOn,
        .run =
            [](Peer& peer) {
    for (const auto& [option, data] : commonOptions(peer))
    {
        wantNotRequired(peer, option, data);
    }
    wantNotRequired(peer, Opt::info,
                    encodeInfoRequest(peer.profile().exportName, {}));
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.tls.on.both-after-tls",
        .spec = onSpec,
        .says = "The server MUST NOT send `NBD_REP_ERR_TLS_REQD` in reply to "
                "any option if TLS has already been negotiated",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_INFO of both kinds of export after TLS",
        .wants = "NBD_REP_ACK to both",
        .needs = selective,
        .run =
            [](Peer& peer) {
    peer.secure();
    for (const std::string& name :
         {peer.profile().exportName, peer.profile().tlsOnlyExport})
    {
        peer.sendInfo(Opt::info, name);
        peer.wantAnswer(Opt::info, {Rep::ack});
    }
    return peer.wantUsable();
},
    },
};

} // namespace

const Area tlsOnArea{"tls modes", cases};

} // namespace conformance::nbd
