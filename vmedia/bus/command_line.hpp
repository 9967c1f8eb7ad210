// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "daemon.hpp"
#include "vmedia/service/config.hpp"

#include <string>

namespace CLI
{
class App;
} // namespace CLI

namespace vmedia::bus
{

/// What vmediad is told.
struct Options
{
    std::string configFile = service::defaultConfigFile;
    std::string compat{}; ///< or "intel"
    bool system = false;  ///< also without any of these three
    bool session = false;
    std::string bus{};    ///< its address
};

void addOptions(CLI::App& app, Options& options);

/// Loads the configuration and serves its slots. Gives the exit status, after a
/// line on stderr for each mistake.
int runOptions(const Options& options, const SlotFactory& makeSlots);

} // namespace vmedia::bus
