// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/extended_reply.hpp"
#include "conformance/nbd/steps.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;

/// How block sizes are told and asked for, beyond the numbers themselves.
namespace
{

constexpr std::string_view sizeSpec = "proto.md, Size constraints";
constexpr std::string_view infoSpec =
    "proto.md, Option types, NBD_OPT_INFO (6) and NBD_OPT_GO (7)";

struct Told
{
    uint64_t size = 0;
    InfoBlockSize sizes{};
};

std::string textOf(const Told& told)
{
    return fmt::format("minimum {}, maximum {}, export of {} bytes",
                       told.sizes.minimum, told.sizes.maximum, told.size);
}

/// What NBD_OPT_INFO tells of sizes; not applicable if that is nothing.
Told tell(Peer& peer)
{
    peer.sendInfo(Opt::info, peer.profile().exportName, {Info::blockSize});
    const auto answer = peer.wantAnswer(Opt::info, {Rep::ack});
    const auto found = answer ? answer->infos(Info::blockSize)
                              : std::vector<ByteView>{};
    if (found.empty() || found.front().size() < 12)
    {
        peer.conclude(notApplicable("the server tells no block sizes"));
        return {};
    }
    Reader reader{found.front()};
    return {answer->exportInfo().value_or(InfoExport{}).size,
            {reader.u32(), reader.u32(), reader.u32()}};
}

/// A client that did not ask for block sizes may not read a byte, or not at
/// all.
bool enforces(Peer& peer)
{
    Peer other = peer.another();
    other.start();
    other.sendInfoOnly(Opt::go, peer.profile().exportName);
    const auto answer = other.wantAnswer(Opt::go);
    if (!answer || !answer->acknowledged())
    {
        return answer && answer->last.type == Rep::errBlockSizeReqd;
    }
    const auto reply =
        Conversation(other, Replies::simple).ask(Cmd::read, 1, 1);
    return reply && reply->error == ErrorValue::einval;
}

constexpr Case cases[] = {
    {
        .id = "nbd.block-size.maximum-is-a-mebibyte",
        .spec = sizeSpec,
        .says = "it MAY be something other than a power of 2, but MUST be "
                "at least as large as the preferred block size, and "
                "SHOULD be at least 2^20 (1,048,576) if the export is "
                "that large",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_OPT_INFO asking for NBD_INFO_BLOCK_SIZE",
        .wants = "a maximum payload of at least 1048576",
        .run =
            [](Peer& peer) {
    const auto told = tell(peer);
    if (told.size < 1 << 20)
    {
        peer.conclude(notApplicable("the export is smaller than 1 MiB"));
    }
    peer.want(told.sizes.maximum >= 1 << 20, textOf(told));
    return peer.verdict();
},
    },
    {
        .id = "nbd.block-size.size-is-a-multiple",
        .spec = sizeSpec,
        .says = "If a server advertises a minimum block size, the "
                "advertised export size SHOULD be an integer multiple of "
                "that block size",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_OPT_INFO asking for NBD_INFO_BLOCK_SIZE",
        .wants = "an export size that is a multiple of the minimum",
        .run =
            [](Peer& peer) {
    const auto told = tell(peer);
    peer.want(told.sizes.minimum == 0 || told.size % told.sizes.minimum == 0,
              textOf(told));
    return peer.verdict();
},
    },
    {
        .id = "nbd.block-size.enforced-is-told",
        .spec = "proto.md, Option reply types, NBD_REP_INFO (3)",
        .says = "The server MUST send this info if it is requested and it "
                "intends to enforce size constraints other than the "
                "defaults",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ of 1 byte at offset 1, without having asked "
                 "for block sizes; NBD_OPT_INFO asking for them",
        .wants = "NBD_INFO_BLOCK_SIZE, if the read, or NBD_OPT_GO, was "
                 "refused",
        .run =
            [](Peer& peer) {
    if (!enforces(peer))
    {
        return leaveOut(peer, "the server enforces no block sizes");
    }
    peer.sendInfo(Opt::info, peer.profile().exportName, {Info::blockSize});
    if (const auto answer = peer.wantAnswer(Opt::info, {Rep::ack}))
    {
        peer.want(!answer->infos(Info::blockSize).empty(),
                  "no NBD_INFO_BLOCK_SIZE");
    }
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.block-size.asked-for-is-enough",
        .spec = infoSpec,
        .says = "The server MUST NOT send this error if size constraints "
                "were requested with `NBD_INFO_BLOCK_SIZE` with the "
                "`NBD_OPT_INFO` or `NBD_OPT_GO` request",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_INFO and NBD_OPT_GO asking for "
                 "NBD_INFO_BLOCK_SIZE",
        .wants = "no NBD_REP_ERR_BLOCK_SIZE_REQD",
        .run =
            [](Peer& peer) {
    for (const Opt option : {Opt::info, Opt::go})
    {
        peer.sendInfo(option, peer.profile().exportName, {Info::blockSize});
        const auto answer = peer.wantAnswer(option);
        peer.want(!answer || answer->last.type != Rep::errBlockSizeReqd,
                  answer ? describe(answer->last) : "");
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.block-size.refusal-tells-sizes",
        .spec = infoSpec,
        .says = "A server sending an `NBD_REP_ERR_BLOCK_SIZE_REQD` error "
                "SHOULD ensure it first sends an `NBD_INFO_BLOCK_SIZE` "
                "information reply in order to help avoid a potentially "
                "unnecessary round trip",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_OPT_INFO and NBD_OPT_GO that ask for nothing",
        .wants = "NBD_INFO_BLOCK_SIZE before NBD_REP_ERR_BLOCK_SIZE_REQD",
        .run =
            [](Peer& peer) {
    bool refused = false;
    for (const Opt option : {Opt::info, Opt::go})
    {
        peer.sendInfoOnly(option, peer.profile().exportName);
        const auto answer = peer.wantAnswer(option);
        if (answer && answer->last.type == Rep::errBlockSizeReqd)
        {
            refused = true;
            peer.want(!answer->infos(Info::blockSize).empty(),
                      fmt::format("{} to {} without NBD_INFO_BLOCK_SIZE",
                                  nameOf(answer->last.type), nameOf(option)));
        }
    }
    if (!refused)
    {
        return leaveOut(peer, "the server does not insist on block sizes");
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.block-size.not-required-for-defaults",
        .spec = sizeSpec,
        .says = "but servers SHOULD NOT refuse clients that do not "
                "request sizing information when the server supports "
                "default sizing or where sizing constraints can be agreed "
                "on externally",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_OPT_INFO asking for block sizes, then NBD_OPT_GO "
                 "that does not",
        .wants = "NBD_REP_ACK, if the minimum is 1 or is not told",
        .run =
            [](Peer& peer) {
    if (minimumTold(peer) > 1)
    {
        return leaveOut(peer, "the minimum block size is not 1");
    }
    peer.sendInfoOnly(Opt::go, peer.profile().exportName);
    peer.wantAnswer(Opt::go, {Rep::ack});
    return peer.verdict();
},
    },
    {
        .id = "nbd.block-size.export-name",
        .spec = sizeSpec,
        .says = "A server that wants to enforce size constraints other "
                "than the defaults specified here MAY refuse to go into "
                "transmission phase with a client that uses "
                "`NBD_OPT_EXPORT_NAME` (via a hard disconnect)",
        .level = Level::may,
        .subject = Subject::server,
        .sends = "NBD_OPT_EXPORT_NAME",
        .wants = "the export or a closed connection",
        .run =
            [](Peer& peer) {
    peer.sendOption(Opt::exportName, peer.profile().exportName);
    peer.allowClose(true);
    const bool served =
        peer.wantBytes(10, "the export's size and flags").has_value();
    peer.conclude(noted(served ? "served" : "closes the connection"));
    return peer.verdict();
},
    },
    {
        .id = "nbd.block-size.unaligned-read",
        .spec = sizeSpec,
        .says = "The server SHOULD report an `NBD_EINVAL` error if the "
                "client's request is not aligned to advertised minimum "
                "block size boundaries or would exceed the export size",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_OPT_GO asking for NBD_INFO_BLOCK_SIZE, NBD_CMD_READ "
                 "of half a block",
        .wants = "NBD_EINVAL, and a whole block after it",
        .needs = Needs::plain | Needs::blockSize,
        .run =
            [](Peer& peer) {
    const auto told = tell(peer);
    const uint32_t minimum = told.sizes.minimum;
    if (minimum < 2)
    {
        return leaveOut(peer, "the minimum block size is 1");
    }
    Conversation talk(peer, Replies::simple);
    talk.go({Info::blockSize});
    talk.wantError(talk.ask(Cmd::read, 0, minimum / 2), {ErrorValue::einval});
    talk.read(0, minimum);
    return peer.verdict();
},
    },
};

} // namespace

const Area sizingArea{"sizing", cases};

} // namespace conformance::nbd
