// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/nbd/pack.hpp"

#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace conformance::nbd
{

/// What each byte of an area may hold while requests that change it are in
/// flight, in any order that a server may choose.
///
/// Shape:  begin…() when a request is sent, end() when its reply came. While
///         changes of a byte overlap in time it may hold what was there or
///         what any of them puts there; when the last of them has ended, what
///         any of them put there. A superset of what a server may do, so that
///         nothing right is called wrong.
/// Units:  offsets count from the begin of the area.
class ContentModel
{
  public:
    explicit ContentModel(vmedia::nbd::ByteView content);

    /// All of the range becomes @p value; nothing: any value (a trim).
    void beginChange(uint64_t cookie, size_t offset, size_t length,
                     std::optional<std::byte> value);
    void beginRead(uint64_t cookie, size_t offset, size_t length);
    void endChange(uint64_t cookie);
    /// The first offset whose byte may not be as @p data has it.
    std::optional<size_t> endRead(uint64_t cookie, vmedia::nbd::ByteView data);

  private:
    using Values = std::bitset<256>;
    struct Byte
    {
        Values before;    ///< when no change was in flight
        Values changes{}; ///< of those in flight, and those that they overlap
        unsigned inFlight = 0;
    };
    struct Change
    {
        size_t offset;
        size_t length;
    };
    struct Read
    {
        size_t offset;
        std::vector<Values> allowed; ///< at any time since it was sent
    };

    std::vector<Byte> bytes;
    std::map<uint64_t, Change> changes;
    std::map<uint64_t, Read> reads;
};

} // namespace conformance::nbd
