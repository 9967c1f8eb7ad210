// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "wire.hpp"

namespace conformance
{

/// What one side of a connection has sent, as far as it was kept: bytes with
/// gaps, and at which entry of the log each of them came.
class OneWay
{
  public:
    void append(size_t entry, vmedia::nbd::ByteView bytes);
    /// @p count bytes that were not kept.
    void skip(size_t entry, uint64_t count);
    /// An entry's bytes and its gap.
    void append(size_t index, const WireEntry& entry);

    uint64_t size() const
    {
        return end;
    }
    /// From @p offset up to the next gap, at most @p most bytes.
    vmedia::nbd::Bytes read(uint64_t offset, size_t most) const;
    /// Where from @p offset on the first byte was kept; size() if none.
    uint64_t nextKept(uint64_t offset) const;
    /// Where from @p offset on the next gap begins; size() if none.
    uint64_t nextGap(uint64_t offset) const;
    /// Of the byte at @p offset, which is less than size().
    size_t entryOf(uint64_t offset) const;

  private:
    struct Piece
    {
        uint64_t begin;
        uint64_t length;
        size_t entry;
        bool kept;
        size_t where; ///< in `store`
    };
    std::vector<Piece>::const_iterator find(uint64_t offset) const;

    vmedia::nbd::Bytes store;
    std::vector<Piece> pieces;
    uint64_t end = 0;
};

} // namespace conformance
