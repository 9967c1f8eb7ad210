// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/info_bodies.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;

/// What NBD_OPT_GO leads to, and the transmission flags that come with it.
namespace
{

constexpr std::string_view flagsSpec = "proto.md, Transmission flags";
constexpr std::string_view infoSpec =
    "proto.md, Option types, NBD_OPT_INFO (6) and NBD_OPT_GO (7)";

/// The transmission flags that NBD_OPT_GO tells.
uint16_t transmissionFlags(Peer& peer)
{
    peer.sendInfo(Opt::go, peer.profile().exportName);
    const auto answer = peer.wantAnswer(Opt::go, {Rep::ack});
    const auto info = answer ? answer->exportInfo() : std::nullopt;
    peer.want(info.has_value(), "NBD_REP_ACK without NBD_INFO_EXPORT");
    return info.value_or(InfoExport{}).flags;
}

Verdict wantFlags(Peer& peer, uint16_t flags, bool condition)
{
    peer.want(condition, fmt::format("transmission flags {:#x}", flags));
    return peer.verdict();
}

/// Every NBD_REP_INFO, in an order that does not depend on the server's.
std::vector<Bytes> sortedInfos(const Answer& answer)
{
    std::vector<Bytes> infos;
    for (const OptionReply& part : answer.parts)
    {
        infos.push_back(part.data);
    }
    std::ranges::sort(infos);
    return infos;
}

std::string exportText(const Answer& answer)
{
    const InfoExport info = answer.exportInfo().value_or(InfoExport{});
    return fmt::format("{} bytes, flags {:#x}, {} infos", info.size, info.flags,
                       answer.parts.size());
}

constexpr Case cases[] = {
    {
        .id = "nbd.option.go.same-as-info",
        .spec = infoSpec,
        .says = "the server MUST reply with the same set of information, "
                "such as transmission flags in the `NBD_INFO_EXPORT` reply",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_INFO, then the same as NBD_OPT_GO",
        .wants = "the same infos, in any order",
        .run =
            [](Peer& peer) {
    std::optional<Answer> answers[2];
    for (const Opt option : {Opt::info, Opt::go})
    {
        peer.sendInfo(option, peer.profile().exportName,
                      {Info::name, Info::blockSize});
        answers[option == Opt::go] = peer.wantAnswer(option, {Rep::ack});
    }
    if (answers[0] && answers[1])
    {
        peer.want(sortedInfos(*answers[0]) == sortedInfos(*answers[1]),
                  exportText(*answers[1]) + " from NBD_OPT_GO",
                  exportText(*answers[0]) + " as from NBD_OPT_INFO");
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.go.no-zeroes",
        .spec = infoSpec,
        .says = "The server MUST NOT send any zero padding bytes after the "
                "`NBD_REP_ACK` data, whether or not the client negotiated "
                "the `NBD_FLAG_C_NO_ZEROES` flag",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "client flags 0x1, NBD_OPT_GO, NBD_CMD_READ, NBD_CMD_DISC",
        .wants = "no byte between NBD_REP_ACK and the reply to the read",
        .start = Start::connected,
        .run =
            [](Peer& peer) {
    peer.start(clientFixedNewstyle);
    peer.sendInfo(Opt::go, peer.profile().exportName);
    return info::wantInStep(peer, Opt::go,
                            peer.wantAnswer(Opt::go, {Rep::ack}));
},
    },
    {
        .id = "nbd.option.go.forgets-info",
        .spec = infoSpec,
        .says = "`NBD_REP_ERR_UNKNOWN`: The chosen export does not exist on "
                "this server",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_INFO with the export, NBD_OPT_GO with an unknown "
                 "name",
        .wants = "NBD_REP_ERR_UNKNOWN, not the export asked about before",
        .run =
            [](Peer& peer) {
    if (!peer.profile().selectsByName)
    {
        return anyNameSelects();
    }
    peer.sendInfo(Opt::info, peer.profile().exportName);
    peer.wantAnswer(Opt::info, {Rep::ack});
    return info::unknownName(peer, Opt::go);
},
    },
    {
        .id = "nbd.transmission-flags.has-flags",
        .spec = flagsSpec,
        .says = "bit 0, `NBD_FLAG_HAS_FLAGS`: MUST always be 1",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_GO",
        .wants = "bit 0",
        .run =
            [](Peer& peer) {
    const uint16_t flags = transmissionFlags(peer);
    return wantFlags(peer, flags, (flags & hasFlags) != 0);
},
    },
    {
        .id = "nbd.transmission-flags.df-needs-structured-replies",
        .spec = flagsSpec,
        .says = "MUST leave this flag clear if structured replies have not "
                "been negotiated",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_GO without NBD_OPT_STRUCTURED_REPLY before it",
        .wants = "NBD_FLAG_SEND_DF clear",
        .run =
            [](Peer& peer) {
    const uint16_t flags = transmissionFlags(peer);
    return wantFlags(peer, flags, (flags & sendDf) == 0);
},
    },
    {
        .id = "nbd.transmission-flags.fast-zero-needs-write-zeroes",
        .spec = flagsSpec,
        .says = "MUST set this transmission flag to 0 if "
                "`NBD_FLAG_SEND_WRITE_ZEROES` is not set",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_GO",
        .wants = "NBD_FLAG_SEND_FAST_ZERO only with "
                 "NBD_FLAG_SEND_WRITE_ZEROES",
        .run =
            [](Peer& peer) {
    const uint16_t flags = transmissionFlags(peer);
    return wantFlags(peer, flags,
                     (flags & sendFastZero) == 0 ||
                         (flags & sendWriteZeroes) != 0);
},
    },
    {
        .id = "nbd.transmission-flags.unknown-bits-clear",
        .spec = flagsSpec,
        .says = "The server MUST NOT set the flag for features it does not "
                "support",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_GO",
        .wants = "bits 13 to 15 clear: no feature has them",
        .run =
            [](Peer& peer) {
    const uint16_t flags = transmissionFlags(peer);
    return wantFlags(peer, flags, (flags & 0xe000) == 0);
},
    },
    {
        .id = "nbd.option.go.same-for-any-requests",
        .spec = infoSpec,
        .says = "Otherwise, due to the intervening option requests or the "
                "use of different parameters, the server MAY send "
                "different data in the successful response",
        .level = Level::may,
        .subject = Subject::server,
        .sends = "NBD_OPT_GO on three connections, asking for nothing, for "
                 "the name, and for block sizes",
        .wants = "NBD_INFO_EXPORT; whether it is the same",
        .run =
            [](Peer& peer) {
    std::vector<InfoExport> found;
    const std::vector<Info> requests[] = {
        {}, {Info::name}, {Info::blockSize, Info::description}};
    for (const auto& wanted : requests)
    {
        Peer client = peer.another();
        client.start();
        client.sendOption(Opt::go,
                          peer.infoRequest(peer.profile().exportName, wanted));
        const auto answer = client.wantAnswer(Opt::go, {Rep::ack});
        peer.conclude(client.verdict());
        const auto info = answer ? answer->exportInfo() : std::nullopt;
        peer.want(info.has_value(), "NBD_REP_ACK without NBD_INFO_EXPORT");
        found.push_back(info.value_or(InfoExport{}));
    }
    const bool same = std::ranges::all_of(
        found, [&](const InfoExport& one) { return one == found.front(); });
    peer.conclude(noted(same ? "the same size and flags"
                             : "another size or other flags"));
    return peer.verdict();
},
    },
    {
        .id = "nbd.transmission-flags.features-work",
        .spec = flagsSpec,
        .says = "The server MUST NOT set the flag for features it does "
                "not support",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_FLUSH and NBD_CMD_CACHE, as far as they are "
                 "advertised",
        .wants = "success; for NBD_CMD_CACHE any answer but NBD_EINVAL",
        .run =
            [](Peer& peer) {
    const uint16_t flags = transmissionFlags(peer);
    if ((flags & sendFlush) != 0)
    {
        const auto error = peer.wantSimpleReply(peer.sendRequest(Cmd::flush));
        peer.want(!error || *error == ErrorValue::none,
                  error ? nameOf(*error) + " to NBD_CMD_FLUSH" : "");
    }
    if ((flags & sendCache) != 0)
    {
        // "this bit does not guarantee that the command will succeed"
        const auto error =
            peer.wantSimpleReply(peer.sendRequest(Cmd::cache, 0, 4096));
        peer.want(error != ErrorValue::einval, "NBD_EINVAL to NBD_CMD_CACHE");
    }
    peer.wantRead(4096);
    return peer.verdict();
},
    },
};

} // namespace

const Area entryArea{"entry", cases};

} // namespace conformance::nbd
