// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/nbd/exchange.hpp"

namespace conformance::nbd
{

/// Where writing cases write, and what surrounds it: 16 units, of which they
/// change the middle. Large enough for a server to have holes in it.
struct WorkArea
{
    explicit WorkArea(Exchange& io);

    uint32_t unit; ///< aligned for every block size
    uint64_t begin;
    uint32_t size;
    uint64_t middle;
    uint32_t middleSize;
    vmedia::nbd::Bytes before; ///< what is there; put back at the end

    /// `before` with the middle replaced.
    vmedia::nbd::Bytes with(vmedia::nbd::ByteView content) const;
};

/// Bytes that are hardly there already, and none of them zero.
vmedia::nbd::Bytes noise(std::mt19937_64& random, size_t size);

} // namespace conformance::nbd
