// SPDX-License-Identifier: Apache-2.0
#include "timeline.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace sim
{

bool Timeline::mark(Stage stage, std::chrono::milliseconds at,
                    std::string_view evidence)
{
    if (find(stage) != nullptr)
    {
        return false;
    }
    marks.push_back({stage, at, std::string(evidence)});
    return true;
}

const Timeline::Mark* Timeline::find(Stage stage) const
{
    const auto found = std::ranges::find(marks, stage, &Mark::stage);
    return found == marks.end() ? nullptr : &*found;
}

std::string formatRow(const Timeline::Mark& mark, size_t columns)
{
    std::string row = fmt::format("{:6} ms  {:<29}{}", mark.at.count(),
                                  info(mark.stage).name, mark.evidence);
    row.erase(row.find_last_not_of(' ') + 1);
    if (row.size() > columns)
    {
        row.resize(columns - 1);
        row += "…";
    }
    return row;
}

} // namespace sim
