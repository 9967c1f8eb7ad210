// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "measuring.hpp"
#include "vmedia/error/error.hpp"

#include <iosfwd>

namespace CLI
{
class App;
} // namespace CLI

namespace bench
{

/// `vmedia-bench relay`
struct RelayOptions : MeasuringOptions
{};

CLI::App* addRelay(CLI::App& app, RelayOptions& options);

/// Measures, tells each run on @p progress, and prints the table to @p out.
/// Errors: options that cannot be taken, one processor only, and a signal that
/// stops it.
vmedia::Result<ExitCode> runRelay(const RelayOptions& options,
                                  std::ostream& out, std::ostream& progress);

} // namespace bench
