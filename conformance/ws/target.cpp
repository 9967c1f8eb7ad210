// SPDX-License-Identifier: Apache-2.0
#include "target.hpp"

namespace conformance::ws
{

Request Endpoint::request(std::string_view key) const
{
    Request made = upgradeRequest(host, target, key);
    for (const auto& [name, value] : credentials)
    {
        made.add(name, value);
    }
    if (!subprotocol.empty())
    {
        made.add("Sec-WebSocket-Protocol", subprotocol);
    }
    return made;
}

std::string_view nameOf(Role role)
{
    switch (role)
    {
        case Role::echo:
            return "echo";
        case Role::gateway:
            return "gateway";
        case Role::bmc:
            break;
    }
    return "bmc";
}

} // namespace conformance::ws
