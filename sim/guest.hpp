// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lab.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

namespace sim
{

/// One machine with a real kernel that runs a shell script as root.
struct GuestOptions
{
    std::filesystem::path script{};
    std::vector<std::string> programs{}; ///< a path, or a name: ours or PATH's
    std::vector<std::string> modules{};  ///< "nbd nbds_max=4"
    std::filesystem::path share{};       ///< its /lab, read-only; empty: none
    std::chrono::seconds timeout{200};   ///< for all of it
    LabOptions lab{};
};

/// The script's output goes to @p out as it comes. Gives the script's exit
/// status; 1 if the machine did not come to its end, 2 if it cannot be tried,
/// 128 + the signal that ended us.
boost::asio::awaitable<int> runGuest(GuestOptions options, std::ostream& out,
                                     std::ostream& err);

} // namespace sim
