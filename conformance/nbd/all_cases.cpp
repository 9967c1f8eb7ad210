// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"

#include "conformance/glob.hpp"

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

std::vector<const Case*> casesLike(std::string_view pattern)
{
    std::vector<const Case*> found;
    for (const Area* area : serverAreas())
    {
        for (const Case& one : area->cases)
        {
            if (pattern.empty() || globMatches(pattern, one.id))
            {
                found.push_back(&one);
            }
        }
    }
    return found;
}

} // namespace conformance::nbd
