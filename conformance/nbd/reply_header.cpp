// SPDX-License-Identifier: Apache-2.0
#include "reply_header.hpp"

#include <fmt/format.h>

namespace conformance::nbd
{

using namespace vmedia::nbd;

bool isError(Chunk type)
{
    return (static_cast<uint16_t>(type) & (1U << 15)) != 0;
}

std::optional<ReplyHeader> wantReplyHeader(Peer& peer, Replies agreed,
                                           std::string_view what)
{
    const auto magicBytes = peer.wantBytes(sizeof(uint32_t), what);
    if (!magicBytes)
    {
        return std::nullopt;
    }
    const uint32_t magic = Reader{*magicBytes}.u32();
    const bool known = magic == simpleReplyMagic ||
                       magic == structuredReplyMagic ||
                       magic == extendedReplyMagic;
    peer.want(known, fmt::format("magic {:#010x}", magic), "a reply's magic");
    ReplyHeader header;
    header.form = magic == extendedReplyMagic     ? Replies::extended
                  : magic == structuredReplyMagic ? Replies::structured
                                                  : Replies::simple;
    // "If extended headers have been negotiated, a simple reply MUST NOT be
    // used"; no reply is of a kind that was not asked for.
    peer.want(header.form == agreed || (header.form == Replies::simple &&
                                        agreed == Replies::structured),
              fmt::format("a reply with magic {:#010x}", magic),
              "a reply in the form that was negotiated");
    constexpr size_t rest[] = {SimpleReply::wireSize - 4,
                               ChunkHeader::wireSize - 4,
                               ExtendedChunkHeader::wireSize - 4};
    const auto bytes = peer.wantBytes(rest[static_cast<size_t>(header.form)],
                                      "the header of a reply");
    if (!bytes)
    {
        return std::nullopt;
    }
    Reader reader{*bytes};
    if (header.form == Replies::simple)
    {
        header.error = ErrorValue{reader.u32()};
        header.cookie = reader.u64();
        return header;
    }
    const bool wide = header.form == Replies::extended;
    header.flags = reader.u16();
    header.type = Chunk{reader.u16()};
    header.cookie = reader.u64();
    header.offset = wide ? reader.u64() : 0;
    header.length = wide ? reader.u64() : reader.u32();
    return header;
}

} // namespace conformance::nbd
