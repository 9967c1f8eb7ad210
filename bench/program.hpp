// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace bench
{

struct Ended
{
    int status = 0;
    std::string output; ///< stdout and stderr, in order
    double seconds = 0; ///< from before it was started to its end
};

/// Runs a program to its end.
///
/// Errors: it is missing, or still runs after @p limit and was killed. An exit
///         status other than 0 is for the caller to judge.
/// @p environment is added to ours, as "NAME=value".
vmedia::Result<Ended>
    runProgram(const std::vector<std::string>& argv, std::chrono::seconds limit,
               const std::vector<std::string>& environment = {});

/// The last line of @p output that is not empty: where programs say why they
/// gave up.
std::string lastLineOf(const std::string& output);

} // namespace bench
