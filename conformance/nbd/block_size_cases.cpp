// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/peer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view sizeSpec = "proto.md, Size constraints";
constexpr std::string_view sends = "NBD_OPT_INFO asking for "
                                   "NBD_INFO_BLOCK_SIZE";

/// The data of the server's NBD_INFO_BLOCK_SIZE, after the type.
std::optional<Bytes> blockSizeData(Peer& peer)
{
    peer.sendInfo(Opt::info, peer.profile().exportName, {Info::blockSize});
    const auto answer = peer.wantAnswer(Opt::info, {Rep::ack});
    if (!answer)
    {
        return std::nullopt;
    }
    const auto found = answer->infos(Info::blockSize);
    if (found.empty())
    {
        peer.conclude(notApplicable("the server tells no block sizes"));
        return std::nullopt;
    }
    return Bytes(found.front().begin(), found.front().end());
}

/// Judges the sizes; nothing is judged that has not their length.
Verdict judge(Peer& peer, bool (*isRight)(const InfoBlockSize&))
{
    const auto data = blockSizeData(peer);
    if (data && data->size() + 2 == InfoBlockSize::wireSize)
    {
        Reader reader{*data};
        const InfoBlockSize size{reader.u32(), reader.u32(), reader.u32()};
        peer.want(isRight(size),
                  fmt::format("minimum {}, preferred {}, maximum {}",
                              size.minimum, size.preferred, size.maximum));
    }
    return peer.verdict();
}

constexpr Case cases[] = {
    {
        .id = "nbd.block-size.length",
        .spec = "proto.md, Option reply types, NBD_REP_INFO (3)",
        .says = "The *length* MUST be 14",
        .level = Level::must,
        .subject = Subject::server,
        .sends = sends,
        .wants = "NBD_INFO_BLOCK_SIZE of length 14",
        .run =
            [](Peer& peer) {
    if (const auto data = blockSizeData(peer))
    {
        peer.want(data->size() + 2 == InfoBlockSize::wireSize,
                  fmt::format("length {}", data->size() + 2));
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.block-size.minimum",
        .spec = sizeSpec,
        .says = "If advertised, this value MUST be a power of 2, MUST NOT be "
                "larger than 2^16 (65,536)",
        .level = Level::must,
        .subject = Subject::server,
        .sends = sends,
        .wants = "a minimum that is a power of 2 up to 65536",
        .run =
            [](Peer& peer) {
    return judge(peer, [](const InfoBlockSize& size) {
        return std::has_single_bit(size.minimum) && size.minimum <= 65536;
    });
},
    },
    {
        .id = "nbd.block-size.preferred",
        .spec = sizeSpec,
        .says = "If advertised, this MUST be a power of 2 at least as large "
                "as the maximum of the minimum block size and 2^9 (512)",
        .level = Level::must,
        .subject = Subject::server,
        .sends = sends,
        .wants = "a preferred size that is a power of 2, at least 512 and at "
                 "least the minimum",
        .run =
            [](Peer& peer) {
    return judge(peer, [](const InfoBlockSize& size) {
        return std::has_single_bit(size.preferred) &&
               size.preferred >= std::max(size.minimum, 512U);
    });
},
    },
    {
        .id = "nbd.block-size.maximum",
        .spec = sizeSpec,
        .says = "it MAY be something other than a power of 2, but MUST be at "
                "least as large as the preferred block size",
        .level = Level::must,
        .subject = Subject::server,
        .sends = sends,
        .wants = "a maximum payload of at least the preferred size",
        .run =
            [](Peer& peer) {
    return judge(peer, [](const InfoBlockSize& size) {
        return size.maximum >= size.preferred;
    });
},
    },
};

} // namespace

const Area blockSizeArea{"block-size", cases};

} // namespace conformance::nbd
