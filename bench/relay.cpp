// SPDX-License-Identifier: Apache-2.0
#include "relay.hpp"

#include "choice.hpp"
#include "peer.hpp"
#include "relay_load.hpp"
#include "stop.hpp"
#include "vmedia/websocket/window.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <algorithm>

namespace bench
{

using vmedia::Result;

namespace
{

constexpr double startAndStop = 0.5; // seconds: two peers are slow to start

/// Leaves out what is not installed, and says it in @p report.
std::vector<const RelayPeer*>
    runnable(const std::vector<const RelayPeer*>& wanted, Report& report)
{
    std::vector<const RelayPeer*> peers;
    for (const RelayPeer* peer : wanted)
    {
        const auto program = programOf(peer->program, peer->package);
        if (!program)
        {
            report.skipped.push_back(describe(program.error()));
            continue;
        }
        if (peer->serves)
        {
            report.versions[std::string(peer->name)] =
                versionOf(*program, "--version", peer->package);
        }
        peers.push_back(peer);
    }
    return peers;
}

Result<Sample> takeSample(const RelayPeer& peer, const RelayWorkload& workload,
                          const RelayKeys& keys, const Cores& cores,
                          double seconds, uint64_t seed)
{
    const auto server = RelayServer::start(peer, keys, workload.tls, cores);
    if (!server)
    {
        return tl::unexpected(server.error());
    }
    RelayServer& running = **server;
    const Result<RelayLoaded> loaded = runRelayLoad(running, workload,
                                                    peer.serves, seconds, seed);
    if (!loaded)
    {
        return tl::unexpected(loaded.error());
    }
    const auto bytes = static_cast<double>(loaded->bytes);
    Sample sample{.value = bytes / loaded->seconds,
                  .checked = loaded->checked,
                  .cipher = running.webSocket().cipher()};
    sample.memory = static_cast<double>(running.sessionBytes());
    if (loaded->bytes > 0)
    {
        sample.cpuSeconds = loaded->cpuSeconds / bytes;
        sample.loadCpuSeconds = loaded->loadCpuSeconds / bytes;
    }
    return sample;
}

Row rowOf(const RelayWorkload& workload, const RelayPeer& peer)
{
    return {.workload = workload.name,
            .measure = Measure::bandwidth,
            .peer = peer.name,
            .serves = peer.serves,
            .facts = {{"direction",
                       workload.direction == Direction::up ? "up" : "down"},
                      {"message", workload.message},
                      {"depth", workload.depth},
                      {"tls", workload.tls ? "certificate" : "off"}}};
}

template <typename T>
const T& named(std::span<const T> all, std::string_view name)
{
    return *std::ranges::find(all, name, &T::name);
}

} // namespace

CLI::App* addRelay(CLI::App& app, RelayOptions& o)
{
    CLI::App* cmd = app.add_subcommand(
        "relay", "Compare WebSocket relays with each other and bare sockets");
    addMeasuring(*cmd, o, namesOf(allRelayPeers()),
                 namesOf(allRelayWorkloads()));
    return cmd;
}

Result<ExitCode> runRelay(const RelayOptions& options, std::ostream& out,
                          std::ostream& progress)
{
    const auto peers = choose(allRelayPeers(), options.peers, "peer");
    if (!peers)
    {
        return tl::unexpected(peers.error());
    }
    const auto workloads = choose(allRelayWorkloads(), options.workloads,
                                  "workload");
    if (!workloads)
    {
        return tl::unexpected(workloads.error());
    }
    Result<std::ofstream> json = openJson(options);
    if (!json)
    {
        return tl::unexpected(json.error());
    }
    const Machine machine = thisMachine(); // before it is pinned
    const Result<Cores> cores = twoCores();
    if (!cores)
    {
        return tl::unexpected(cores.error());
    }
    stopOnSignals();
    const Result<RelayKeys> keys = RelayKeys::make();
    if (!keys)
    {
        return tl::unexpected(keys.error());
    }
    Report report{
        .machine = machine,
        .setting = fmt::format("the relay on processor {}, the load on {}",
                               cores->relay, cores->load),
        .facts = {{"relay_core", cores->relay},
                  {"load_core", cores->load},
                  {"window", vmedia::websocket::window}},
        .seed = options.seed,
        .seconds = options.seconds,
        .runs = options.runs,
        .versions = {},
        .skipped = {},
        .rows = {},
        .foot = {fmt::format("memory:  a session's at most, mapped files not "
                             "counted; {}'s window is {} KiB a direction",
                             ourRelay, vmedia::websocket::window >> 10)}};
    const auto present = runnable(*peers, report);
    for (const RelayWorkload* workload : *workloads)
    {
        for (const RelayPeer* peer : present)
        {
            report.rows.push_back(rowOf(*workload, *peer));
        }
    }
    const TakeSample take = [&](const Row& row, unsigned run) {
        return takeSample(named(allRelayPeers(), row.peer),
                          named(allRelayWorkloads(), row.workload), *keys,
                          *cores, options.seconds, options.seed + run);
    };
    if (Result<void> done = measure(report, take, startAndStop, progress);
        !done)
    {
        return tl::unexpected(done.error());
    }
    return conclude(report, options.markdown, *json, out);
}

} // namespace bench
