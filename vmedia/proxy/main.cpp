// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"
#include "session.hpp"
#include "vmedia/command/manual.hpp"
#include "vmedia/command/parse.hpp"
#include "vmedia/process/search.hpp"
#include "vmedia/version.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

namespace
{

using namespace vmedia;

struct Options
{
    std::string configuration{}; // empty: the default one
    bool metadata = false;
    std::string configFile = VMEDIA_SYSCONFDIR "/nbd-proxy/config.json";
    std::string stateHook = VMEDIA_SYSCONFDIR "/nbd-proxy/state";
    std::string runDirectory = VMEDIA_RUNSTATEDIR;
    std::string nbdClient = "nbd-client";
    double readyDeadlineS = 30;
    double hookDeadlineS = 10;
};

void addOptions(CLI::App& app, Options& o)
{
    // A wrapper's options can be overridden by giving them again.
    app.option_defaults()->multi_option_policy(
        CLI::MultiOptionPolicy::TakeLast);
    app.add_option("CONFIGURATION", o.configuration,
                   "Which medium of the configuration file; without it, the "
                   "default one");
    app.add_flag("--metadata", o.metadata,
                 "Print the metadata of all configurations as JSON, and exit");
    app.add_option("--config-file", o.configFile, "Configuration file")
        ->capture_default_str();
    app.add_option("--state-hook", o.stateHook,
                   "Run as `HOOK start|stop CONFIGURATION` when the device has "
                   "its size and when the session ends")
        ->capture_default_str();
    app.add_option("--run-directory", o.runDirectory,
                   "Where the socket for nbd-client is")
        ->capture_default_str();
    app.add_option("--nbd-client", o.nbdClient, "Program, or its path")
        ->capture_default_str();
    app.add_option("--ready-deadline", o.readyDeadlineS,
                   "Seconds until the device must have a size")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    app.add_option("--hook-deadline", o.hookDeadlineS,
                   "Seconds that a hook may take once the session ends")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
}

constexpr command::Section manual[] = {
    {"Exit status",
     "0 served and ended in order, 1 failed (the last line on stderr says "
     "why), 2 usage or configuration",
     true},
};

std::chrono::milliseconds toMs(double seconds)
{
    return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

Result<int> run(const Options& o)
{
    Result<proxy::Config> config = proxy::loadConfig(o.configFile);
    if (!config)
    {
        return tl::unexpected(config.error());
    }
    if (o.metadata)
    {
        fmt::print("{}\n", proxy::metadataJson(*config));
        return 0;
    }
    auto chosen = proxy::selectConfiguration(*config, o.configuration);
    if (!chosen)
    {
        return tl::unexpected(chosen.error());
    }
    auto client = process::findProgram(o.nbdClient, "nbd-client");
    if (!client)
    {
        return tl::unexpected(client.error());
    }
    auto outcome = proxy::runSession(
        {*chosen, config->timeout, o.stateHook, o.runDirectory, *client,
         toMs(o.readyDeadlineS), toMs(o.hookDeadlineS)});
    if (!outcome)
    {
        return tl::unexpected(outcome.error());
    }
    fmt::print(stderr, "nbd-proxy: session ended: {}\n", outcome->reason);
    return outcome->orderly ? 0 : 1;
}

} // namespace

int main(int argc, char** argv)
{
    CLI::App app{"Serves a network block device over standard input and "
                 "output, where an NBD server answers",
                 "nbd-proxy"};
    app.set_version_flag("--version", vmedia::versionText("nbd-proxy"));
    Options options;
    addOptions(app, options);
    command::addManual(app, manual);
    try
    {
        app.parse(argc, argv);
        const Result<int> status = run(options);
        return status ? *status : report("nbd-proxy", status.error());
    }
    catch (const CLI::ParseError& error)
    {
        return command::parseFailed(app, error);
    }
    catch (const std::exception& error)
    {
        return report("nbd-proxy", {Errc::io, error.what()});
    }
}
