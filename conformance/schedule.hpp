// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <compare>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace conformance
{

/// One case in one round.
struct Job
{
    unsigned round = 0;                           ///< from 0
    size_t row = 0;                               ///< which of those selected
    auto operator<=>(const Job&) const = default; // NOLINT: no pointer here
};

/// Which case a worker tries next: one of the group that its target is ready
/// for, while there are any; else the earliest of all.
class Schedule
{
  public:
    /// @p groups has the group of each row.
    Schedule(std::vector<size_t> groups, unsigned rounds);

    /// What comes after @p last for the worker that did that. None: all has
    /// been given out.
    std::optional<Job> next(const std::optional<Job>& last);

  private:
    /// The rows that are left of a round, by group.
    using Round = std::map<size_t, std::deque<size_t>>;

    void begin(unsigned round);
    Job take(unsigned round, size_t group);

    std::vector<size_t> groupOf;
    unsigned rounds;
    unsigned begun = 0;
    std::map<unsigned, Round> left; ///< without those that are all given out
};

} // namespace conformance
