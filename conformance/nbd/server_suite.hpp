// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/report_files.hpp"
#include "conformance/verdict.hpp"
#include "vmedia/error/error.hpp"

#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace conformance::nbd
{

/// `vmedia-conform nbd-server`
struct ServerSuiteOptions
{
    // One of these three says what is tested.
    std::string target{};            ///< a URI
    std::string spawn{};             ///< the line that starts the target
    std::string profile{};           ///< see loadTargetProfile()
    std::optional<std::string> exportName{};
    std::vector<std::string> only{}; ///< globs; none: all cases
    std::vector<std::string> skip{};
    std::optional<Level> level{};    ///< must; or should: must and should
    bool strict = false;
    bool destructive = false; ///< may write to a target that we did not start
    uint64_t seed = 1;
    double timeoutScale = 1;
    std::string expect{}; ///< a file; "" for none
    std::vector<ReportFile> reports{};
};

/// Runs and reports: results to @p out, what hinders us to @p diagnostics.
ExitCode runServerSuite(const ServerSuiteOptions& options, std::ostream& out,
                        std::ostream& diagnostics, bool colour);

} // namespace conformance::nbd
