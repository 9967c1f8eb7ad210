// SPDX-License-Identifier: Apache-2.0
#include "peers.hpp"

#include "choice.hpp"
#include "packaged_client.hpp"
#include "sample.hpp"
#include "server.hpp"
#include "stop.hpp"
#include "vmedia/exports/export.hpp"
#include "vmedia/process/search.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <optional>

namespace bench
{

using vmedia::Errc;
using vmedia::fail;
using vmedia::Result;

namespace
{

constexpr double startAndStop = 0.2;            // seconds
constexpr uint64_t sizeStep = 2UL * 256 * 1024; // two halves of whole blocks
constexpr uint64_t sizeLeast = 16U << 20;       // more than is on the way

Result<uint64_t> sizeFrom(const std::string& text)
{
    Result<uint64_t> size = vmedia::exports::parseSize(text);
    if (size && (*size < sizeLeast || *size % sizeStep != 0))
    {
        return fail(Errc::usage,
                    fmt::format("--size {}: is less than 16M or no multiple "
                                "of 512K",
                                text),
                    "write for example 64M or 1G");
    }
    return size;
}

/// Leaves out what is not installed or cannot be measured so, and says it in
/// @p report. Of all peers, not of those that were named, one that needs TLS is
/// left out unsaid.
std::vector<const Peer*> runnable(const std::vector<const Peer*>& wanted,
                                  bool named, const TlsKeys* tls,
                                  Report& report)
{
    std::vector<const Peer*> peers;
    for (const Peer* peer : wanted)
    {
        if (std::string why = unfitFor(*peer, tls); !why.empty())
        {
            if (named || tls != nullptr)
            {
                report.skipped.push_back(std::move(why));
            }
            continue;
        }
        const auto program = programOf(peer->program, peer->package);
        if (!program)
        {
            report.skipped.push_back(describe(program.error()));
            continue;
        }
        if (peer->stores)
        {
            report.versions[std::string(peer->name)] =
                versionOf(*program, std::string(peer->versionOption));
        }
        peers.push_back(peer);
    }
    return peers;
}

std::vector<const Workload*>
    runnable(const std::vector<const Workload*>& wanted, const TlsKeys* tls,
             Report& report)
{
    std::vector<const Workload*> workloads;
    for (const Workload* workload : wanted)
    {
        if (tls != nullptr && workload->generator == Generator::fio)
        {
            // libnbd's nbd_set_uri_allow_local_file, which fio never calls
            report.skipped.push_back(fmt::format(
                "{}: fio takes no key file from a URI", workload->name));
            continue;
        }
        if (workload->generator != Generator::raw)
        {
            const auto [name, package] = clientOf(workload->generator);
            const auto program = vmedia::process::findProgram(name, package);
            if (!program)
            {
                report.skipped.push_back(fmt::format(
                    "{}: {}", workload->name, describe(program.error())));
                continue;
            }
            report.versions[std::string(name)] = versionOf(*program,
                                                           "--version");
        }
        workloads.push_back(workload);
    }
    return workloads;
}

/// The roofline tells nothing where no socket is the limit.
bool applies(const Peer& peer, const Workload& workload)
{
    return peer.stores || workload.measure == Measure::bandwidth ||
           workload.measure == Measure::requests;
}

} // namespace

CLI::App* addPeers(CLI::App& app, PeersOptions& o)
{
    CLI::App* cmd = app.add_subcommand(
        "peers", "Compare NBD servers with each other and with bare sockets");
    addMeasuring(*cmd, o, namesOf(allPeers()), namesOf(allWorkloads()));
    cmd->add_option("--size", o.size, "Of the file that is served: 64M, 1G")
        ->type_name("SIZE")
        ->capture_default_str();
    cmd->add_option("--directory", o.directory,
                    "Where that file is made; a tmpfs, or disks are measured")
        ->type_name("DIR")
        ->capture_default_str();
    cmd->add_flag("--tcp", o.tcp, "Over TCP on loopback, not unix sockets");
    cmd->add_flag("--tls-psk", o.tlsPsk,
                  "With TLS and a pre-shared key, which every server requires");
    return cmd;
}

Result<ExitCode> runPeers(const PeersOptions& options, std::ostream& out,
                          std::ostream& progress)
{
    const auto peers = choose(allPeers(), options.peers, "peer");
    if (!peers)
    {
        return tl::unexpected(peers.error());
    }
    const auto workloads = choose(allWorkloads(), options.workloads,
                                  "workload");
    if (!workloads)
    {
        return tl::unexpected(workloads.error());
    }
    const Result<uint64_t> size = sizeFrom(options.size);
    if (!size)
    {
        return tl::unexpected(size.error());
    }
    Result<std::ofstream> json = openJson(options);
    if (!json)
    {
        return tl::unexpected(json.error());
    }
    stopOnSignals();
    adoptOrphans();
    const Result<Image> image = Image::make(options.directory, *size,
                                            options.seed);
    if (!image)
    {
        return tl::unexpected(image.error());
    }

    std::optional<TlsKeys> keys;
    if (options.tlsPsk)
    {
        Result<TlsKeys> made = TlsKeys::make();
        if (!made)
        {
            return tl::unexpected(made.error());
        }
        keys.emplace(std::move(*made));
    }

    const Wire wire{options.tcp ? Transport::tcp : Transport::unixSocket,
                    keys ? &*keys : nullptr};
    Report report{.machine = thisMachine(),
                  .setting = fmt::format("{}, {} MiB in memory", describe(wire),
                                         *size >> 20),
                  .facts = {{"size", *size}},
                  .seed = options.seed,
                  .seconds = options.seconds,
                  .runs = options.runs,
                  .versions = {},
                  .skipped = {},
                  .rows = {}};
    const auto present = runnable(*peers, !options.peers.empty(), wire.tls,
                                  report);
    const auto toRun = runnable(*workloads, wire.tls, report);
    for (const Workload* workload : toRun)
    {
        for (const Peer* peer : present)
        {
            if (applies(*peer, *workload))
            {
                report.rows.push_back(
                    {workload->name,
                     workload->measure,
                     peer->name,
                     peer->stores,
                     {{"transport", nameOf(wire.transport)},
                      {"tls", wire.tls == nullptr ? "off" : "psk"}}});
            }
        }
    }
    const TakeSample take = [&](const Row& row, unsigned run) {
        return takeSample(*findPeer(row.peer), *image, wire,
                          *findWorkload(row.workload), options.seconds, run);
    };
    if (Result<void> done = measure(report, take, startAndStop, progress);
        !done)
    {
        return tl::unexpected(done.error());
    }
    return conclude(report, options.markdown, *json, out);
}

} // namespace bench
