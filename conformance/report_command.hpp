// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/verdict.hpp"

#include <string>
#include <vector>

namespace CLI
{
class App;
} // namespace CLI

namespace conformance
{

/// `vmedia-conform diff`, `html` and `baseline`: what was run, once more.
class ReportCommands
{
  public:
    explicit ReportCommands(CLI::App& app);

    bool parsed() const;
    /// Exit: for diff 1 if something got worse; 2 for a file that cannot be
    /// read, 3 for one that cannot be written.
    ExitCode run() const;

  private:
    ExitCode runDiff() const;
    ExitCode runHtml() const;
    ExitCode runBaseline() const;

    CLI::App* diffing;
    CLI::App* drawing;
    CLI::App* drafting;
    std::string before;
    std::string after;
    std::string markdown;
    std::vector<std::string> files;
    std::string page;
};

} // namespace conformance
