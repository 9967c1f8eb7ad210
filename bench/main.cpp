// SPDX-License-Identifier: Apache-2.0
// vmedia-bench: how fast the pure parts are, and how fast an NBD server is
// beside others.
#include "peers.hpp"
#include "roofline.hpp"
#include "vmedia/command/manual.hpp"
#include "vmedia/command/parse.hpp"
#include "vmedia/version.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <iostream>

namespace bench
{
namespace
{

constexpr const char* program = "vmedia-bench";

constexpr vmedia::command::Section manual[] = {
    {"Examples",
     "  vmedia-bench peers\n"
     "  vmedia-bench peers --peer vmedia-nbd --peer nbdkit "
     "--workload read-4k-d64 --runs 9\n"
     "  vmedia-bench pure --benchmark_filter=decode",
     true},
};

/// @p arguments are Google Benchmark's own: --benchmark_filter=…
int runPure(std::vector<std::string> arguments)
{
    arguments.insert(arguments.begin(), fmt::format("{} pure", program));
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (std::string& argument : arguments)
    {
        argv.push_back(argument.data());
    }
    auto argc = static_cast<int>(argv.size());
    argv.push_back(nullptr);
    benchmark::Initialize(&argc, argv.data());
    if (argc > 1)
    {
        fmt::print(stderr,
                   "{}: '{}' is not an argument of Google Benchmark; see "
                   "{} pure --help\n",
                   program, argv[1], program);
        return exitUsage;
    }
    const size_t ran = benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return ran > 0 ? exitMeasured : exitNothingMeasured;
}

int finish(const vmedia::Result<ExitCode>& result)
{
    return result ? *result : vmedia::report(program, result.error());
}

CLI::App* addRoofline(CLI::App& app, RooflineOptions& o)
{
    CLI::App* cmd = app.add_subcommand(
        "roofline", "Serve NBD-shaped traffic without storage");
    cmd->add_option("--unix", o.unixSocket, "Listen on this unix socket");
    cmd->add_option("--port", o.port, "Listen on this TCP port of loopback");
    cmd->add_option("--tls-psk", o.pskFile, "Require TLS, with these keys");
    cmd->add_option("--size", o.size, "Of the export, in bytes")->required();
    cmd->add_option("--connections", o.connections, "1 is served without epoll")
        ->capture_default_str();
    return cmd;
}

int runMain(int argc, char** argv)
{
    CLI::App app("Measures what vmedia is made of, and its peers", program);
    app.set_version_flag("--version", vmedia::versionText(program));
    app.require_subcommand(1);
    CLI::App* pure = app.add_subcommand(
        "pure", "Benchmarks of the parts without I/O (Google Benchmark)");
    pure->prefix_command()->set_help_flag();
    PeersOptions options;
    const CLI::App* peers = addPeers(app, options);
    RooflineOptions bare;
    addRoofline(app, bare);
    vmedia::command::addManual(app, manual);
    try
    {
        app.parse(argc, argv);
    }
    catch (const CLI::ParseError& error)
    {
        return vmedia::command::parseFailed(app, error);
    }
    if (pure->parsed())
    {
        return runPure(pure->remaining());
    }
    if (peers->parsed())
    {
        return finish(runPeers(options, std::cout, std::cerr));
    }
    return finish(runRoofline(bare).map([] { return exitMeasured; }));
}

} // namespace
} // namespace bench

int main(int argc, char** argv)
{
    return bench::runMain(argc, argv);
}
