// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"

namespace conformance::nbd
{

std::span<const Area* const> serverAreas()
{
    static constexpr const Area* areas[] = {
        &greetingArea,   &optionArea, &abortArea, &listArea,
        &exportNameArea, &infoArea,   &goArea,    &entryArea,
        &blockSizeArea,
    };
    return areas;
}

const Case* findCase(std::string_view id)
{
    for (const Area* area : serverAreas())
    {
        for (const Case& one : area->cases)
        {
            if (one.id == id)
            {
                return &one;
            }
        }
    }
    return nullptr;
}

} // namespace conformance::nbd
