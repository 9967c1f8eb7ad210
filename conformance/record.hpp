// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/verdict.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace conformance
{

/// What a report tells of one case. The views are of the case's own row,
/// which lives as long as the program.
struct Record
{
    std::string_view id;
    std::string_view area;
    Level level;
    std::string_view spec;
    std::string_view says;
    std::string_view sends;
    std::string_view wants;
    Verdict verdict;
    std::vector<std::string> transcript{};
    std::string server{}; ///< the line that started it, where there are several

    std::string_view wanted() const
    {
        return verdict.wanted.empty() ? wants
                                      : std::string_view(verdict.wanted);
    }
};

/// What a report tells of the whole run.
struct Run
{
    std::string suite;   ///< "nbd-server"
    std::string target;  ///< the URI, or the line that started it
    std::string found;   ///< what the probe found; empty: it got nowhere
    std::string repeat;  ///< the command line but --only and --seed
    uint64_t seed = 1;
    std::string error{}; ///< why nothing, or not all, could be tested
    std::vector<Record> records{};
    bool strict = false;

    Counts counts() const;
    ExitCode exitCode() const;
};

} // namespace conformance
