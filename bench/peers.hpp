// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "measuring.hpp"

#include <iosfwd>
#include <string>

namespace CLI
{
class App;
} // namespace CLI

namespace bench
{

/// `vmedia-bench peers`
struct PeersOptions : MeasuringOptions
{
    std::string size = "1G";
    std::string directory = "/dev/shm";
    bool tcp = false;
    bool tlsPsk = false;
};

CLI::App* addPeers(CLI::App& app, PeersOptions& options);

/// Measures, tells each run on @p progress, and prints the table to @p out.
/// Errors: options that cannot be taken, and a signal that stops it.
vmedia::Result<ExitCode> runPeers(const PeersOptions& options,
                                  std::ostream& out, std::ostream& progress);

} // namespace bench
