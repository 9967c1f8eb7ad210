// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lab.hpp"

#include <ostream>

namespace sim
{

struct UpOptions
{
    LabOptions lab{};
    bool host = false; ///< start one whenever a medium is plugged in
    size_t columns = 100;
};

/// Leaves a BMC running and says how to reach it, until Ctrl-C: status 0, for
/// that is how it ends. 1 if a machine ended by itself, 2 as for runBoot().
boost::asio::awaitable<int> runUp(UpOptions options, std::ostream& out,
                                  std::ostream& err);

} // namespace sim
