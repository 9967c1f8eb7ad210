// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <poll.h>

#include <chrono>
#include <span>

namespace conformance
{

/// How long a call waits: until nothing has come for its deadline, and every
/// thread of the target waits, too, if we started it. Then what it has not
/// done it will not do, however busy the machine is. A target that spins, or
/// that sends byte after byte, is left after ten deadlines.
class Patience
{
  public:
    explicit Patience(std::chrono::milliseconds deadline);

    void progressed();

    /// Waits for @p events; false when it is over.
    bool wait(int descriptor, short events);
    /// For what any of @p these is asked for, as poll() tells it.
    bool wait(std::span<pollfd> these);

  private:
    using Clock = std::chrono::steady_clock;

    std::chrono::milliseconds quiet;
    Clock::time_point until;
    Clock::time_point last;
};

} // namespace conformance
