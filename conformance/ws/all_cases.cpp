// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"

#include <algorithm>
#include <vector>

namespace conformance::ws
{

std::span<const Area> serverAreas()
{
    static const std::vector<Area> areas{
        {"upgrade", upgradeCases()},    {"key", keyCases()},
        {"close", closeCases()},        {"close codes", closeCodeCases()},
        {"sudden ends", endingCases()}, {"text", textCases()},
        {"delivery", deliveryCases()},  {"NBD in step", nbdCases()},
    };
    return areas;
}

const Case* findCase(std::string_view id)
{
    for (const Area& area : serverAreas())
    {
        const auto found = std::ranges::find(area.cases, id, &Case::id);
        if (found != area.cases.end())
        {
            return &*found;
        }
    }
    return nullptr;
}

} // namespace conformance::ws
