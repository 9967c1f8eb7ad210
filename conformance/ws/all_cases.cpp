// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"

#include <algorithm>
#include <vector>

namespace conformance::ws
{

std::span<const Area> serverAreas()
{
    static const std::vector<Area> areas{
        {"request", requestCases()},
        {"upgrade", upgradeCases()},
        {"key", keyCases()},
        {"version", versionCases()},
        {"target", targetCases()},
        {"access", accessCases()},
        {"offers", offerCases()},
        {"headers", headerCases()},
        {"lengths", lengthCases()},
        {"masking", maskCases()},
        {"reserved bits and opcodes", reservedCases()},
        {"after an error", failingCases()},
        {"the server's own frames", passiveCases()},
        {"fragments", fragmentCases()},
        {"control frames", controlCases()},
        {"liveness", livenessCases()},
        {"close", closeCases()},
        {"close codes", closeCodeCases()},
        {"sudden ends", endingCases()},
        {"text", textCases()},
        {"delivery", deliveryCases()},
        {"NBD in step", nbdCases()},
        {"long messages", messageCases()},
        {"endurance", enduranceCases()},
        {"compression", deflateCases()},
        {"the network", networkCases()},
        {"TLS", secureCases()},
        {"slots", slotCases()},
    };
    return areas;
}

std::span<const Area> clientAreas()
{
    static const std::vector<Area> areas{
        {"the client's request", clientRequestCases()},
        {"the server's response", clientResponseCases()},
        {"frames that it sends", clientSentCases()},
        {"frames that it gets", clientReceivedCases()},
        {"its close", clientCloseCases()},
        {"its resources", clientResourceCases()},
    };
    return areas;
}

const Case* findCase(std::string_view id)
{
    for (const auto areas : {serverAreas(), clientAreas()})
    {
        for (const Area& area : areas)
        {
            const auto found = std::ranges::find(area.cases, id, &Case::id);
            if (found != area.cases.end())
            {
                return &*found;
            }
        }
    }
    return nullptr;
}

} // namespace conformance::ws
