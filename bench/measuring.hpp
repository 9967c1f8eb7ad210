// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "report.hpp"
#include "sample.hpp"
#include "vmedia/error/error.hpp"

#include <fstream>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace CLI
{
class App;
} // namespace CLI

/// What every command does that compares peers: options, turns, and what is
/// made of the samples.
namespace bench
{

enum ExitCode : int
{
    exitMeasured = 0,
    exitError = 1,
    exitUsage = 2,
    exitNothingMeasured = 3,
};

struct MeasuringOptions
{
    std::vector<std::string> peers;     ///< empty: all that are installed
    std::vector<std::string> workloads; ///< empty: all
    unsigned runs = 5;
    double seconds = 1;
    uint64_t seed = 1;
    bool markdown = false;
    std::string json; ///< file
};

/// @p peers and @p workloads are all there are, for the help.
void addMeasuring(CLI::App& command, MeasuringOptions& options,
                  const std::string& peers, const std::string& workloads);

/// Open if a file was asked for. Errors: it cannot be written.
vmedia::Result<std::ofstream> openJson(const MeasuringOptions& options);

/// One run, of that number, of what a row is about.
using TakeSample =
    std::function<vmedia::Result<Sample>(const Row& row, unsigned run)>;

/// Fills the report's rows, and tells each run on @p progress. @p overhead is
/// about what a run takes in seconds, beyond what is measured.
/// Errors: a signal. A run that fails is its row's problem.
vmedia::Result<void> measure(Report& report, const TakeSample& take,
                             double overhead, std::ostream& progress);

/// The table to @p out, the samples to @p json.
ExitCode conclude(const Report& report, bool markdown, std::ofstream& json,
                  std::ostream& out);

} // namespace bench
