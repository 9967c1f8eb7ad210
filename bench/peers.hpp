// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <iosfwd>
#include <string>
#include <vector>

namespace CLI
{
class App;
} // namespace CLI

namespace bench
{

enum ExitCode : int
{
    exitMeasured = 0,
    exitError = 1,
    exitUsage = 2,
    exitNothingMeasured = 3,
};

/// `vmedia-bench peers`
struct PeersOptions
{
    std::vector<std::string> peers;     ///< empty: all that are installed
    std::vector<std::string> workloads; ///< empty: all
    unsigned runs = 5;
    double seconds = 1;
    std::string size = "1G";
    std::string directory = "/dev/shm";
    uint64_t seed = 1;
    bool tcp = false;
    bool tlsPsk = false;
    bool markdown = false;
    std::string json; ///< file
};

CLI::App* addPeers(CLI::App& app, PeersOptions& options);

/// Measures, tells each run on @p progress, and prints the table to @p out.
/// Errors: options that cannot be taken, and a signal that stops it.
vmedia::Result<ExitCode> runPeers(const PeersOptions& options,
                                  std::ostream& out, std::ostream& progress);

} // namespace bench
