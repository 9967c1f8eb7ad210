// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/process_tree.hpp"
#include "conformance/ws/peer.hpp"

namespace conformance::ws
{

inline constexpr uint64_t mebi = 1 << 20;
inline constexpr std::string_view unwatched =
    "only a target that --spawn or --profile started has its memory watched";

/// What the target uses more than when this was made. Of a target that we did
/// not start nothing is known, and nothing wanted.
class UsageWatch
{
  public:
    explicit UsageWatch(Peer& of);

    /// Once it grows no more: what a target does after the last byte that it
    /// was sent, nothing tells us.
    void wantMemoryBelow(uint64_t more);
    /// Within a deadline, @p more of them at most.
    void wantDescriptorsBelow(int more);

  private:
    using Clock = std::chrono::steady_clock;

    Usage look() const;

    Peer& peer;
    Usage before{};
};

} // namespace conformance::ws
