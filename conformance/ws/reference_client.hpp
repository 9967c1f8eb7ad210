// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "client_engine.hpp"
#include "vmedia/error/error.hpp"

#include <map>
#include <string>
#include <vector>

namespace conformance::ws
{

struct ClientOptions
{
    std::string url{}; ///< "": they come on the standard input, one a line
    std::vector<std::string> command{}; ///< whose stdin and stdout are the data
    Call call{};
    std::string authority{};            ///< PEM, for wss
    Terms terms{};
    Deviation deviation{};
};

/// Dials, and carries what the command says, until both sides are done.
///
/// Gives:  the exit status: 0 if the session ended with Close 1000.
/// Output: of URLs from the standard input a line of JSON for each that has
///         ended, see callerOf().
vmedia::Result<int> dial(const ClientOptions& options);

/// For each case what is done wrong, so that the case can be seen to fail.
std::map<std::string, Deviation, std::less<>> clientDefects();

} // namespace conformance::ws
