// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "wire.hpp"

/// The messages of structured replies and of extended headers, byte for byte.
///
/// Source: proto.md, "Structured reply chunk message", "Structured reply
///         types"; its branch extension-ext-header for the 32-byte headers.
namespace vmedia::nbd
{

inline constexpr uint32_t structuredReplyMagic = 0x668e33ef;
inline constexpr uint32_t extendedRequestMagic = 0x21e41c71;
inline constexpr uint32_t extendedReplyMagic = 0x6e8a278c;

/// "Structured reply types"
enum class Chunk : uint16_t
{
    none = 0,
    offsetData = 1,
    offsetHole = 2,
    blockStatus = 5,
    blockStatusExt = 6,
    error = (1 << 15) + 1,
    errorOffset = (1 << 15) + 2,
};

std::string nameOf(Chunk type);

/// "Structured reply flags"
inline constexpr uint16_t replyDone = 1 << 0;

/// What NBD_CMD_BLOCK_STATUS says of an extent, in base:allocation
enum AllocationFlag : uint32_t
{
    stateHole = 1 << 0,
    stateZero = 1 << 1,
};

/// "NBD_EXTENDED_REQUEST_MAGIC"; `length` bytes of payload follow it if the
/// flags hold NBD_CMD_FLAG_PAYLOAD_LEN.
struct ExtendedRequest
{
    static constexpr size_t wireSize = 32;
    uint16_t flags;
    Cmd type;
    uint64_t cookie;
    uint64_t offset;
    uint64_t length;
    bool operator==(const ExtendedRequest&) const = default;
};

struct ChunkHeader
{
    static constexpr size_t wireSize = 20;
    uint16_t flags;
    Chunk type;
    uint64_t cookie;
    uint32_t length;
    bool operator==(const ChunkHeader&) const = default;
};

/// `offset` is the request's, whatever the chunk is about.
struct ExtendedChunkHeader
{
    static constexpr size_t wireSize = 32;
    uint16_t flags;
    Chunk type;
    uint64_t cookie;
    uint64_t offset;
    uint64_t length;
    bool operator==(const ExtendedChunkHeader&) const = default;
};

constexpr auto encode(const ExtendedRequest& r)
{
    return pack<ExtendedRequest::wireSize>(
        extendedRequestMagic, r.flags, r.type, r.cookie, r.offset, r.length);
}

constexpr auto encode(const ChunkHeader& h)
{
    return pack<ChunkHeader::wireSize>(structuredReplyMagic, h.flags, h.type,
                                       h.cookie, h.length);
}

constexpr auto encode(const ExtendedChunkHeader& h)
{
    return pack<ExtendedChunkHeader::wireSize>(
        extendedReplyMagic, h.flags, h.type, h.cookie, h.offset, h.length);
}

constexpr Decoded<ExtendedRequest> decodeExtendedRequest(
    std::span<const std::byte, ExtendedRequest::wireSize> in)
{
    Reader r{in};
    if (r.u32() != extendedRequestMagic)
    {
        return tl::unexpected(WireError::badMagic);
    }
    return ExtendedRequest{r.u16(), Cmd{r.u16()}, r.u64(), r.u64(), r.u64()};
}

/// The data of NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT. Names
/// are views of the input, checked for nothing but their place in it.
struct MetaRequest
{
    std::string_view exportName;
    std::vector<std::string_view> queries;
};

Decoded<MetaRequest> decodeMetaRequest(ByteView in);
Bytes encodeMetaRequest(std::string_view exportName,
                        std::span<const std::string_view> queries);

} // namespace vmedia::nbd
