// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "stages.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sim
{

/// When each stage was first seen. A stage counts once: the second host that
/// reads a medium does not boot it again.
class Timeline
{
  public:
    struct Mark
    {
        Stage stage;
        std::chrono::milliseconds at; ///< since the start of the run
        std::string evidence;         ///< the line that proved it
    };

    /// False if the stage was there already.
    bool mark(Stage stage, std::chrono::milliseconds at,
              std::string_view evidence);
    const Mark* find(Stage stage) const;
    const std::vector<Mark>& all() const
    {
        return marks;
    }

  private:
    std::vector<Mark> marks;
};

/// One row: "  3937 ms  BMC: USB gadget bound        state: gadget …", cut to
/// @p columns.
std::string formatRow(const Timeline::Mark& mark, size_t columns);

} // namespace sim
