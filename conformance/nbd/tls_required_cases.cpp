// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/tls_steps.hpp"

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view anyOther =
    "If the server receives any other option, including `NBD_OPT_INFO` and "
    "unsupported options, it MUST reply with `NBD_REP_ERR_TLS_REQD` if TLS "
    "has not been initiated";

constexpr Case cases[] = {
    {
        .id = "nbd.tls.required.list-refused",
        .spec = requiredSpec,
        .says = anyOther,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST before TLS",
        .wants = "NBD_REP_ERR_TLS_REQD, and no name",
        .needs = required,
        .run =
            [](Peer& peer) {
    wantRequired(peer, Opt::list);
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.tls.required.export-name-terminates",
        .spec = requiredSpec,
        .says = "If the server receives a request to enter transmission mode "
                "via `NBD_OPT_EXPORT_NAME` when TLS has not been initiated, "
                "then as this request cannot error, it MUST terminate the "
                "session",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_EXPORT_NAME before TLS",
        .wants = "a closed connection, and not one byte of the export",
        .needs = required,
        .run =
            [](Peer& peer) {
    return wantTerminated(peer, peer.profile().exportName);
},
    },
    {
        .id = "nbd.tls.required.go-refused",
        .spec = requiredSpec,
        .says = "If the server receives a request to enter transmission mode "
                "via `NBD_OPT_GO` when TLS has not been initiated, it MUST "
                "error with `NBD_REP_ERR_TLS_REQD`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_GO before TLS",
        .wants = "NBD_REP_ERR_TLS_REQD, and no NBD_REP_INFO",
        .needs = required,
        .run =
            [](Peer& peer) {
    wantRequired(peer, Opt::go,
                 encodeInfoRequest(peer.profile().exportName, {}));
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.tls.required.info-tells-nothing",
        .spec = requiredSpec,
        .says = "`NBD_OPT_INFO` is included as in this mode, all exports are "
                "TLS-only",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_INFO of an export and of a name that none has, "
                 "before TLS",
        .wants = "NBD_REP_ERR_TLS_REQD to both, and no difference",
        .needs = required,
        .run =
            [](Peer& peer) {
    const auto real = wantRequired(
        peer, Opt::info, encodeInfoRequest(peer.profile().exportName, {}));
    const auto none = wantRequired(peer, Opt::info,
                                   encodeInfoRequest(unheardName, {}));
    if (real && none)
    {
        peer.want(real->last == none->last,
                  describe(real->last) + " and " + describe(none->last),
                  "the same answer to both");
    }
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.tls.required.all-refused",
        .spec = requiredSpec,
        .says = anyOther,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_STRUCTURED_REPLY, NBD_OPT_SET_META_CONTEXT and "
                 "others before TLS",
        .wants = "NBD_REP_ERR_TLS_REQD to each",
        .needs = required,
        .run =
            [](Peer& peer) {
    for (const auto& [option, data] : commonOptions(peer))
    {
        wantRequired(peer, option, data);
    }
    wantRequired(peer, Opt::structuredReply, filled(5));
    wantRequired(peer, Opt::setMetaContext, allocationQuery(peer));
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.tls.required.unknown-refused",
        .spec = requiredSpec,
        .says = anyOther,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "an unknown option with 0 bytes, 3 bytes and 1 MiB of data "
                 "before TLS",
        .wants = "NBD_REP_ERR_TLS_REQD to each, and to stay in step",
        .needs = required,
        .run =
            [](Peer& peer) {
    for (const size_t size : {size_t{0}, size_t{3}, size_t{1} << 20})
    {
        wantRequired(peer, unknownOption, filled(size));
    }
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.tls.required.starttls-after-refusals",
        .spec = requiredSpec,
        .says = "If the server receives `NBD_OPT_STARTTLS` prior to "
                "negotiating TLS, it MUST reply with `NBD_REP_ACK`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "twenty options with data, then NBD_OPT_STARTTLS",
        .wants = "NBD_REP_ACK, and TLS that works",
        .needs = required,
        .run =
            [](Peer& peer) {
    for (size_t i = 0; i < 20; ++i)
    {
        wantRequired(peer, unknownOption, filled(i * 40));
    }
    peer.secure();
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.tls.required.nonfixed-terminates",
        .spec = requiredSpec,
        .says = "If the server receives a request to enter transmission mode "
                "via `NBD_OPT_EXPORT_NAME` when TLS has not been initiated, "
                "then as this request cannot error, it MUST terminate the "
                "session",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "client flags 0, then NBD_OPT_EXPORT_NAME",
        .wants = "a closed connection, and not one byte of the export",
        .start = Start::connected,
        .needs = required,
        .run =
            [](Peer& peer) {
    peer.start(0);
    return wantTerminated(peer, peer.profile().exportName);
},
    },
    {
        .id = "nbd.tls.required.mode-is-constant",
        .spec = modesSpec,
        .says = "it MUST be consistent in its mode of operation across the "
                "lifespan of a single TCP connection to the server",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST eight times, with other options in between",
        .wants = "NBD_REP_ERR_TLS_REQD each time",
        .needs = required,
        .run =
            [](Peer& peer) {
    for (int i = 0; i < 8; ++i)
    {
        wantRequired(peer, Opt::list);
        wantRequired(peer, Opt::info, filled(static_cast<size_t>(i)));
    }
    return peer.wantUsable();
},
    },
};

} // namespace

const Area tlsRequiredArea{"tls modes", cases};

} // namespace conformance::nbd
