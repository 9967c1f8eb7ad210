// SPDX-License-Identifier: Apache-2.0
#include "peers.hpp"

#include "packaged_client.hpp"
#include "report.hpp"
#include "sample.hpp"
#include "server.hpp"
#include "stop.hpp"
#include "vmedia/exports/export.hpp"
#include "vmedia/process/search.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <ostream>

namespace bench
{

using vmedia::Errc;
using vmedia::fail;
using vmedia::Result;

namespace
{

constexpr uint64_t sizeStep = 2UL * 256 * 1024; // two halves of whole blocks
constexpr uint64_t sizeLeast = 16U << 20;       // more than is on the way

template <typename T>
std::string namesOf(std::span<const T> all)
{
    std::string names;
    for (const T& one : all)
    {
        names += (names.empty() ? "" : ", ") + std::string(one.name);
    }
    return names;
}

/// Those of @p all whose names are in @p wanted, or all; in @p all's order.
template <typename T>
Result<std::vector<const T*>> choose(std::span<const T> all,
                                     const std::vector<std::string>& wanted,
                                     std::string_view what)
{
    for (const std::string& name : wanted)
    {
        if (std::ranges::find(all, name, &T::name) == all.end())
        {
            return fail(Errc::usage,
                        fmt::format("there is no {} '{}'", what, name),
                        "choose from: " + namesOf(all));
        }
    }
    std::vector<const T*> chosen;
    for (const T& one : all)
    {
        if (wanted.empty() ||
            std::ranges::find(wanted, one.name) != wanted.end())
        {
            chosen.push_back(&one);
        }
    }
    return chosen;
}

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
                                  bool named, Report& report)
{
    std::vector<const Peer*> peers;
    for (const Peer* peer : wanted)
    {
        if (std::string why = unfitFor(*peer, report.wire.tls); !why.empty())
        {
            if (named || report.wire.tls != nullptr)
            {
                report.skipped.push_back(std::move(why));
            }
            continue;
        }
        const auto program = programOf(*peer);
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
    runnable(const std::vector<const Workload*>& wanted, Report& report)
{
    std::vector<const Workload*> workloads;
    for (const Workload* workload : wanted)
    {
        if (report.wire.tls != nullptr && workload->generator == Generator::fio)
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

void takeInto(Row& row, const Image& image, const Report& report, unsigned run,
              std::ostream& progress)
{
    const Workload& workload = *row.workload;
    fmt::print(progress, "run {}/{}  {:<12}  {:<10}  ", run + 1, report.runs,
               workload.name, row.peer->name);
    progress.flush();
    const Result<Sample> sample = takeSample(*row.peer, image, report.wire,
                                             workload, report.seconds, run);
    if (!sample)
    {
        row.problem = describe(sample.error());
        fmt::print(progress, "{}\n", row.problem);
        return;
    }
    row.samples.push_back(sample->value);
    row.checked += sample->checked;
    row.cipher = sample->cipher;
    if (sample->cpuSeconds)
    {
        row.cpuSeconds.push_back(*sample->cpuSeconds);
    }
    fmt::print(progress, "{}\n", withUnit(workload.measure, sample->value));
}

/// A B C, B C A, C A B …: what is slow for a while is slow for all, and
/// nobody always comes first.
Result<void> measure(Report& report, const Image& image, std::ostream& progress)
{
    for (unsigned run = 0; run < report.runs; ++run)
    {
        size_t at = 0;
        while (at < report.rows.size())
        {
            const auto count = static_cast<size_t>(std::ranges::count(
                report.rows, report.rows[at].workload, &Row::workload));
            for (size_t i = 0; i < count; ++i)
            {
                takeInto(report.rows[at + (i + run) % count], image, report,
                         run, progress);
                if (stopWanted())
                {
                    return fail(Errc::cancelled, "stopped by a signal");
                }
            }
            at += count;
        }
    }
    return {};
}

} // namespace

CLI::App* addPeers(CLI::App& app, PeersOptions& o)
{
    CLI::App* cmd = app.add_subcommand(
        "peers", "Compare NBD servers with each other and with bare sockets");
    cmd->add_option("--peer", o.peers,
                    "Only this server; may be repeated: " + namesOf(allPeers()))
        ->allow_extra_args(false)
        ->type_name("NAME");
    cmd->add_option("--workload", o.workloads,
                    "Only this workload; may be repeated: " +
                        namesOf(allWorkloads()))
        ->allow_extra_args(false)
        ->type_name("NAME");
    cmd->add_option("--runs", o.runs, "Runs of each; the median counts")
        ->check(CLI::Range(1U, 1000U))
        ->type_name("N")
        ->capture_default_str();
    cmd->add_option("--seconds", o.seconds, "How long a run lasts")
        ->check(CLI::Range(0.01, 3600.0))
        ->type_name("S")
        ->capture_default_str();
    cmd->add_option("--size", o.size, "Of the file that is served: 64M, 1G")
        ->type_name("SIZE")
        ->capture_default_str();
    cmd->add_option("--directory", o.directory,
                    "Where that file is made; a tmpfs, or disks are measured")
        ->type_name("DIR")
        ->capture_default_str();
    cmd->add_option("--seed", o.seed, "Of content and of random offsets")
        ->capture_default_str();
    cmd->add_flag("--tcp", o.tcp, "Over TCP on loopback, not unix sockets");
    cmd->add_flag("--tls-psk", o.tlsPsk,
                  "With TLS and a pre-shared key, which every server requires");
    cmd->add_flag("--markdown", o.markdown, "Print the table as Markdown");
    cmd->add_option("--json", o.json, "Write all samples here, for programs")
        ->type_name("FILE");
    cmd->footer("Exit: 0 measured, 1 stopped, 2 usage, 3 nothing could be "
                "measured\n"
                "How to read the table: docs/performance.md");
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
    std::ofstream json;
    if (!options.json.empty())
    {
        json.open(options.json);
        if (!json)
        {
            return fail(
                Errc::usage,
                fmt::format("--json {}: cannot be written", options.json),
                "check that the directory exists and is writable");
        }
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

    Report report{.machine = thisMachine(),
                  .wire = {options.tcp ? Transport::tcp : Transport::unixSocket,
                           keys ? &*keys : nullptr},
                  .size = *size,
                  .seed = options.seed,
                  .seconds = options.seconds,
                  .runs = options.runs,
                  .versions = {},
                  .skipped = {},
                  .rows = {}};
    const auto present = runnable(*peers, !options.peers.empty(), report);
    const auto toRun = runnable(*workloads, report);
    for (const Workload* workload : toRun)
    {
        for (const Peer* peer : present)
        {
            if (applies(*peer, *workload))
            {
                report.rows.push_back({workload, peer});
            }
        }
    }
    fmt::print(progress, "{} rows, {} runs each: about {:.0f} min\n",
               report.rows.size(), report.runs,
               std::ceil(static_cast<double>(report.rows.size()) * report.runs *
                         (report.seconds + 0.2) / 60));
    if (Result<void> done = measure(report, *image, progress); !done)
    {
        return tl::unexpected(done.error());
    }
    if (json.is_open())
    {
        json << boost::json::serialize(jsonOf(report)) << '\n';
    }
    out << textOf(report, options.markdown);
    return report.measured() ? exitMeasured : exitNothingMeasured;
}

} // namespace bench
