// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/nbd/peer.hpp"

namespace conformance::nbd
{

inline constexpr uint64_t mebi = 1 << 20;

/// How the target's memory grew while a case went on.
///
/// Errors: a target that we did not start makes the case not applicable.
class MemoryWatch
{
  public:
    explicit MemoryWatch(Peer& of);

    void look();
    /// Once it grows no more: what a target does after the last byte that it
    /// was sent, nothing tells us.
    uint64_t growth();
    void wantGrowthBelow(uint64_t bytes);

  private:
    Peer& peer;
    uint64_t before = 0;
    uint64_t most = 0;
};

} // namespace conformance::nbd
