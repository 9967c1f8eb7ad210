// SPDX-License-Identifier: Apache-2.0
// vmedia-bench: how fast the pure parts are, and how fast an NBD server or a
// WebSocket relay is beside others.
#include "bare_relay.hpp"
#include "hand_over.hpp"
#include "peers.hpp"
#include "relay.hpp"
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
     "  vmedia-bench relay --workload up-64k-d16 --workload tls-up-64k-d16\n"
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

/// What `relay` starts: for people, there is nothing in them.
struct RelayParts
{
    CLI::App* bare = nullptr;
    CLI::App* handOver = nullptr;
    BareRelayOptions options{};
    std::string socket{};
    std::string slot{};
};

void addRelayParts(CLI::App& app, RelayParts& parts)
{
    parts.bare = app.add_subcommand(
        "bare-relay", "Copy bytes between a TCP client and a unix socket");
    parts.bare
        ->add_option("--port", parts.options.port,
                     "Listen on this TCP port of loopback")
        ->required();
    parts.bare
        ->add_option("--unix", parts.options.unixSocket,
                     "Connect to this unix socket for each client")
        ->required();
    parts.bare->add_option("--tls-certificates", parts.options.certificates,
                           "Require TLS, with server-cert.pem and "
                           "server-key.pem from here");
    parts.handOver = app.add_subcommand(
        "hand-over", "Give standard input and output to who listens on a unix "
                     "socket");
    parts.handOver->add_option("socket", parts.socket, "Its path")->required();
    parts.handOver->add_option("slot", parts.slot,
                               "Not used: vmedia-httpd names one");
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
    RelayOptions relayOptions;
    const CLI::App* relay = addRelay(app, relayOptions);
    RelayParts parts;
    addRelayParts(app, parts);
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
    if (relay->parsed())
    {
        return finish(runRelay(relayOptions, std::cout, std::cerr));
    }
    if (parts.bare->parsed())
    {
        return finish(
            runBareRelay(parts.options).map([] { return exitMeasured; }));
    }
    if (parts.handOver->parsed())
    {
        return finish(
            runHandOver(parts.socket).map([] { return exitMeasured; }));
    }
    return finish(runRoofline(bare).map([] { return exitMeasured; }));
}

} // namespace
} // namespace bench

int main(int argc, char** argv)
{
    return bench::runMain(argc, argv);
}
