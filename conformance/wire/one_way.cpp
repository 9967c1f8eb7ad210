// SPDX-License-Identifier: Apache-2.0
#include "one_way.hpp"

#include <algorithm>

namespace conformance
{

using vmedia::nbd::Bytes;
using vmedia::nbd::ByteView;

void OneWay::append(size_t entry, ByteView bytes)
{
    if (!bytes.empty())
    {
        pieces.push_back({end, bytes.size(), entry, true, store.size()});
        vmedia::nbd::append(store, bytes);
        end += bytes.size();
    }
}

void OneWay::skip(size_t entry, uint64_t count)
{
    if (count != 0)
    {
        pieces.push_back({end, count, entry, false, 0});
        end += count;
    }
}

void OneWay::append(size_t index, const WireEntry& entry)
{
    append(index, entry.head);
    skip(index, entry.missing());
    append(index, entry.tail);
}

std::vector<OneWay::Piece>::const_iterator OneWay::find(uint64_t offset) const
{
    return std::ranges::partition_point(pieces, [offset](const Piece& piece) {
        return piece.begin + piece.length <= offset;
    });
}

Bytes OneWay::read(uint64_t offset, size_t most) const
{
    Bytes bytes;
    for (auto piece = find(offset);
         piece != pieces.end() && piece->kept && bytes.size() < most; ++piece)
    {
        const auto from = static_cast<size_t>(offset - piece->begin);
        const size_t count = std::min(static_cast<size_t>(piece->length) - from,
                                      most - bytes.size());
        vmedia::nbd::append(
            bytes, ByteView(store).subspan(piece->where + from, count));
        offset += count;
    }
    return bytes;
}

uint64_t OneWay::nextKept(uint64_t offset) const
{
    const auto piece = std::find_if(find(offset), pieces.end(),
                                    [](const Piece& one) { return one.kept; });
    return piece == pieces.end() ? end : std::max(offset, piece->begin);
}

uint64_t OneWay::nextGap(uint64_t offset) const
{
    const auto piece = std::find_if(find(offset), pieces.end(),
                                    [](const Piece& one) { return !one.kept; });
    return piece == pieces.end() ? end : std::max(offset, piece->begin);
}

size_t OneWay::entryOf(uint64_t offset) const
{
    return find(offset)->entry;
}

} // namespace conformance
