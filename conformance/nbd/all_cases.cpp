// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"

#include <algorithm>

namespace conformance::nbd
{

std::span<const Area* const> serverAreas()
{
    static constexpr const Area* areas[] = {
        &connectionArea,     &greetingArea,       &optionArea,
        &optionLimitArea,    &abortArea,          &listArea,
        &exportNameArea,     &infoArea,           &goArea,
        &entryArea,          &blockSizeArea,      &sizingArea,
        &sizeArea,           &replyFormArea,      &metaArea,
        &metaSelectionArea,  &metaNameArea,       &metaMalformedArea,
        &extendedArea,       &extendedStatusArea, &transmissionArea,
        &requestArea,        &flagArea,           &errorArea,
        &readArea,           &writeArea,          &hintArea,
        &zeroArea,           &blockStatusArea,    &allocationArea,
        &structuredArea,     &structuredReadArea, &parallelArea,
        &disconnectArea,     &tlsOffArea,         &tlsRequiredArea,
        &tlsOnArea,          &tlsStartArea,       &tlsArea,
        &tlsRecordArea,      &tlsVersionArea,     &tlsKeyArea,
        &tlsCertificateArea, &shutdownArea,       &abuseArea,
        &storageArea,
    };
    return areas;
}

const Case* findCase(std::string_view id)
{
    for (const Area* area : serverAreas())
    {
        const auto found = std::ranges::find(area->cases, id, &Case::id);
        if (found != area->cases.end())
        {
            return &*found;
        }
    }
    return nullptr;
}

} // namespace conformance::nbd
