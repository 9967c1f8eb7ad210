// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"

#include <vector>

namespace conformance::ws
{

std::span<const Area> serverAreas()
{
    static const std::vector<Area> areas{
        {"upgrade", upgradeCases()},
        {"key", keyCases()},
    };
    return areas;
}

} // namespace conformance::ws
