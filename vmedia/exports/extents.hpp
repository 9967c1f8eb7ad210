// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "export.hpp"

#include <algorithm>

namespace vmedia::exports
{

/// Gathers an answer of Export::extents(): joins neighbours that are alike,
/// and stops at the length and at the count that were asked for.
class ExtentList
{
  public:
    ExtentList(std::vector<Extent>& answer, uint64_t length, size_t most) :
        out(answer), first(answer.size()), room(length), count(most)
    {}

    /// False once the answer is full: @p extent, or its end, is left out.
    bool add(Extent extent)
    {
        extent.length = std::min(extent.length, room);
        if (extent.length == 0)
        {
            return room > 0;
        }
        const bool joins = out.size() > first &&
                           out.back().hole == extent.hole &&
                           out.back().zero == extent.zero;
        if (joins)
        {
            out.back().length += extent.length;
        }
        else if (out.size() - first == count)
        {
            return false;
        }
        else
        {
            out.push_back(extent);
        }
        room -= extent.length;
        return room > 0;
    }

  private:
    std::vector<Extent>& out;
    size_t first; ///< what was there before is not ours to join
    uint64_t room;
    size_t count;
};

} // namespace vmedia::exports
