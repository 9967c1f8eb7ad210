// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/report_files.hpp"
#include "conformance/verdict.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI
{
class App;
} // namespace CLI

namespace conformance
{

/// What can be asked of every suite.
struct RunOptions
{
    std::vector<std::string> only{}; ///< globs; none: all cases
    std::vector<std::string> skip{};
    std::optional<Level> level{};    ///< must; or should: must and should
    bool strict = false;
    bool destructive = false; ///< may write to a target that we did not start
    bool slow = false; ///< also cases that wait for a time-out of the target's
    uint64_t seed = 1;
    double timeoutScale = 1;
    unsigned jobs = 0;    ///< 0: as many as suit the target
    unsigned repeat = 1;  ///< rounds; each draws from the next seed
    std::string expect{}; ///< a file; "" for none
    std::vector<ReportFile> reports{};
};

/// Makes options of @p command that fill @p options.
void addRunOptions(CLI::App& command, RunOptions& options);

/// Adds --json, --junit and the others, which fill @p files.
void addReportOptions(CLI::App& command, std::vector<ReportFile>& files);

} // namespace conformance
