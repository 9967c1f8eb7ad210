// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <poll.h>

#include <chrono>
#include <optional>
#include <span>

namespace conformance
{

/// How long a call waits: until nothing has come for its deadline, and every
/// thread of the target waits, too, if we started it. Then what it has not
/// done it will not do, however busy the machine is. One that spins is left
/// when it has had a core for a quarter of the deadline after that; one that
/// sends byte after byte, or never gets a core, after ten deadlines.
class Patience
{
  public:
    explicit Patience(std::chrono::milliseconds deadline);

    /// Something came, or went.
    void progressed();
    /// Waits for @p events of poll(); false when it is over.
    bool wait(int descriptor, short events);
    /// For what any of these is asked for.
    bool wait(std::span<pollfd> these);

  private:
    using Clock = std::chrono::steady_clock;

    bool isAtWork();

    std::chrono::milliseconds quiet;
    Clock::time_point until;
    Clock::time_point last;
    std::optional<std::chrono::nanoseconds> hadAtDeadline{};
};

} // namespace conformance
