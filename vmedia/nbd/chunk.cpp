// SPDX-License-Identifier: Apache-2.0
#include "chunk.hpp"

#include <fmt/format.h>

namespace vmedia::nbd
{

std::string nameOf(Chunk type)
{
    switch (type)
    {
        case Chunk::none:
            return "NBD_REPLY_TYPE_NONE";
        case Chunk::offsetData:
            return "NBD_REPLY_TYPE_OFFSET_DATA";
        case Chunk::offsetHole:
            return "NBD_REPLY_TYPE_OFFSET_HOLE";
        case Chunk::blockStatus:
            return "NBD_REPLY_TYPE_BLOCK_STATUS";
        case Chunk::blockStatusExt:
            return "NBD_REPLY_TYPE_BLOCK_STATUS_EXT";
        case Chunk::error:
            return "NBD_REPLY_TYPE_ERROR";
        case Chunk::errorOffset:
            return "NBD_REPLY_TYPE_ERROR_OFFSET";
    }
    return fmt::format("NBD_REPLY_TYPE {:#x}", static_cast<uint16_t>(type));
}

namespace
{

/// 32 bits of length and that many bytes.
bool takeString(Reader& r, std::string_view& out)
{
    if (r.left() < 4)
    {
        return false;
    }
    const uint32_t length = r.u32();
    if (length > r.left())
    {
        return false;
    }
    out = r.text(length);
    return true;
}

} // namespace

Decoded<MetaRequest> decodeMetaRequest(ByteView in)
{
    Reader r{in};
    MetaRequest request;
    if (!takeString(r, request.exportName) || r.left() < 4)
    {
        return tl::unexpected(WireError::badLength);
    }
    const uint32_t count = r.u32();
    if (count > r.left() / 4) // before anything is reserved for them
    {
        return tl::unexpected(WireError::badLength);
    }
    request.queries.resize(count);
    for (std::string_view& query : request.queries)
    {
        if (!takeString(r, query))
        {
            return tl::unexpected(WireError::badLength);
        }
    }
    if (r.left() != 0)
    {
        return tl::unexpected(WireError::badLength);
    }
    return request;
}

Bytes encodeMetaRequest(std::string_view exportName,
                        std::span<const std::string_view> queries)
{
    Bytes out;
    append(out, static_cast<uint32_t>(exportName.size()));
    append(out, exportName);
    append(out, static_cast<uint32_t>(queries.size()));
    for (std::string_view query : queries)
    {
        append(out, static_cast<uint32_t>(query.size()));
        append(out, query);
    }
    return out;
}

} // namespace vmedia::nbd
