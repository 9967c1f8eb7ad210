// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/steps.hpp"
#include "vmedia/nbd/chunk.hpp"

#include <fmt/format.h>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view modesSpec =
    "proto.md, TLS support, Server-side requirements";
constexpr std::string_view offSpec =
    "proto.md, TLS support, Server-side requirements, NOTLS mode";
constexpr std::string_view requiredSpec =
    "proto.md, TLS support, Server-side requirements, FORCEDTLS mode";
constexpr std::string_view onSpec =
    "proto.md, TLS support, Server-side requirements, SELECTIVETLS mode";
constexpr std::string_view anyOther =
    "If the server receives any other option, including `NBD_OPT_INFO` and "
    "unsupported options, it MUST reply with `NBD_REP_ERR_TLS_REQD` if TLS "
    "has not been initiated";

constexpr Needs required = Needs::tlsRequired;
constexpr Needs selective = Needs::tlsOn | Needs::tlsOnlyExport;

Bytes metaRequest(const Peer& peer)
{
    const std::string_view queries[] = {allocationContext};
    return encodeMetaRequest(peer.profile().exportName, queries);
}

Bytes filled(size_t size)
{
    return Bytes(size, std::byte{'x'});
}

/// Options that a server may or may not know, with data that is right.
std::vector<std::pair<Opt, Bytes>> commonOptions(const Peer& peer)
{
    return {{Opt::list, {}},
            {Opt::structuredReply, {}},
            {Opt::listMetaContext, metaRequest(peer)},
            {Opt::extendedHeaders, {}},
            {Opt::peekExport, {}},
            {unknownOption, {}}};
}

/// The answer to that option is not NBD_REP_ERR_TLS_REQD.
void wantNotRequired(Peer& peer, Opt option, ByteView data)
{
    peer.sendOption(option, data);
    if (const auto answer = peer.wantAnswer(option))
    {
        peer.want(answer->last.type != Rep::errTlsReqd, describe(answer->last),
                  "any answer but NBD_REP_ERR_TLS_REQD");
    }
}

/// NBD_REP_ERR_TLS_REQD, and nothing that tells more.
std::optional<Answer> wantRequired(Peer& peer, Opt option, ByteView data = {})
{
    peer.sendOption(option, data);
    auto answer = peer.wantAnswer(option, {Rep::errTlsReqd});
    if (answer)
    {
        peer.want(answer->parts.empty(),
                  fmt::format("{} replies before it", answer->parts.size()),
                  "NBD_REP_ERR_TLS_REQD alone");
    }
    return answer;
}

/// NBD_OPT_EXPORT_NAME, after which there is no way to refuse.
Verdict wantTerminated(Peer& peer, std::string_view name)
{
    peer.sendOption(Opt::exportName, name);
    return peer.wantClosed();
}

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
    wantRequired(peer, Opt::setMetaContext, metaRequest(peer));
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
    Peer other = peer.another();
    other.start();
    other.sendOption(Opt::exportName, peer.profile().exportName);
    other.wantBytes(10, "size and flags");
    other.wantRead(block);
    adopt(peer, other);
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

const Area tlsModeArea{"tls modes", cases};

} // namespace conformance::nbd
