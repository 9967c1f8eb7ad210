// SPDX-License-Identifier: Apache-2.0
#include "schedule.hpp"

#include <algorithm>
#include <utility>

namespace conformance
{

Schedule::Schedule(std::vector<size_t> groups, unsigned count) :
    groupOf(std::move(groups)), rounds(count)
{}

std::optional<Job> Schedule::next(const std::optional<Job>& last)
{
    if (last)
    {
        const auto round = left.find(last->round);
        const size_t group = groupOf[last->row];
        if (round != left.end() && round->second.contains(group))
        {
            return take(last->round, group);
        }
    }
    if (left.empty())
    {
        if (begun == rounds || groupOf.empty())
        {
            return std::nullopt;
        }
        begin(begun++);
    }
    const auto& [round, groups] = *left.begin();
    const auto earliest = std::ranges::min_element(
        groups, {}, [](const auto& group) { return group.second.front(); });
    return take(round, earliest->first);
}

void Schedule::begin(unsigned round)
{
    Round& rows = left[round];
    for (size_t row = 0; row < groupOf.size(); ++row)
    {
        rows[groupOf[row]].push_back(row);
    }
}

Job Schedule::take(unsigned round, size_t group)
{
    Round& groups = left.at(round);
    std::deque<size_t>& rows = groups.at(group);
    const Job job{round, rows.front()};
    rows.pop_front();
    if (rows.empty())
    {
        groups.erase(group);
    }
    if (groups.empty())
    {
        left.erase(round);
    }
    return job;
}

} // namespace conformance
