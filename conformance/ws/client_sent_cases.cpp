// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"

namespace conformance::ws
{

std::span<const Case> clientSentCases()
{
    return {};
}

} // namespace conformance::ws
