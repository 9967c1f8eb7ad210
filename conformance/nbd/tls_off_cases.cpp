// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/tls_steps.hpp"

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view offSpec =
    "proto.md, TLS support, Server-side requirements, NOTLS mode";

constexpr Case cases[] = {
    {
        .id = "nbd.tls.off.never-required",
        .spec = offSpec,
        .says = "The server MUST NOT respond to any option request with "
                "`NBD_REP_ERR_TLS_REQD`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "options of all kinds to a server without TLS",
        .wants = "no NBD_REP_ERR_TLS_REQD",
        .run =
            [](Peer& peer) {
    for (const auto& [option, data] : commonOptions(peer))
    {
        wantNotRequired(peer, option, data);
    }
    wantNotRequired(peer, Opt::info, encodeInfoRequest(unheardName, {}));
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.tls.off.starttls-data-refused",
        .spec = "proto.md, Option types, NBD_OPT_STARTTLS (5)",
        .says = "The server MUST either reply with `NBD_REP_ACK` after which "
                "point the connection is upgraded to TLS, or an error reply "
                "explicitly permitted by this document",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_STARTTLS with data to a server without TLS",
        .wants = "an error, and to stay in step",
        .run =
            [](Peer& peer) {
    peer.sendOption(Opt::startTls, filled(24));
    return peer.wantRefusal(Opt::startTls, {Rep::errInvalid, Rep::errPolicy,
                                            Rep::errUnsup, Rep::errPlatform});
},
    },
    {
        .id = "nbd.tls.nonfixed-starttls",
        .spec = modesSpec,
        .says = "The server MUST operate in NOTLS mode unless the server set "
                "flag `NBD_FLAG_FIXED_NEWSTYLE` and the client replied with "
                "`NBD_FLAG_C_FIXED_NEWSTYLE` in the fixed newstyle "
                "negotiation",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "client flags without C_FIXED_NEWSTYLE, then "
                 "NBD_OPT_STARTTLS",
        .wants = "no NBD_REP_ACK",
        .start = Start::connected,
        .needs = required,
        .run =
            [](Peer& peer) {
    peer.start(clientNoZeroes);
    peer.sendOption(Opt::startTls);
    peer.allowClose(true);
    if (const auto answer = peer.wantAnswer(Opt::startTls))
    {
        peer.want(!answer->acknowledged(), describe(answer->last),
                  "an error, or a closed connection");
    }
    return peer.verdict();
},
    },
};

} // namespace

const Area tlsOffArea{"tls modes", cases};

} // namespace conformance::nbd
