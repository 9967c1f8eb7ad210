// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"

namespace conformance::ws
{

std::span<const Case> clientCloseCases()
{
    return {};
}

} // namespace conformance::ws
