// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/runner.hpp"

#include <memory>
#include <span>
#include <string>

namespace CLI
{
class App;
} // namespace CLI

namespace conformance
{

/// `vmedia-conform replay`: one case of a report once more, on the same target
/// with the same options and seed.
class ReplayCommand
{
  public:
    explicit ReplayCommand(CLI::App& app);

    bool parsed() const;
    /// Exit: as a run of that case; 2 if there is no such report or case.
    ExitCode run(std::span<const std::unique_ptr<Suite>> suites,
                 const Terminal& terminal) const;

  private:
    CLI::App* replaying;
    std::string file;
    std::string id;
};

} // namespace conformance
