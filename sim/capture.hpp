// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/process/child.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sim
{

/// What a helper program is to be run with.
struct Helper
{
    std::vector<std::string> argv;
    std::string_view package{};    ///< named if the program is missing
    std::filesystem::path input{}; ///< its standard input; empty: none
    bool anyStatus = false;        ///< ldd gives 1 for a static program
};

/// Runs a program to its end and gives its standard output.
///
/// Errors: it is missing, or ended with another status than 0: the text has
///         the last line that it wrote to its standard error.
boost::asio::awaitable<vmedia::Result<std::string>> capture(Helper helper);

} // namespace sim
