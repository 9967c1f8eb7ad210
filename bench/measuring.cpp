// SPDX-License-Identifier: Apache-2.0
#include "measuring.hpp"

#include "stop.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cmath>
#include <ostream>

namespace bench
{

using vmedia::Errc;
using vmedia::fail;
using vmedia::Result;

namespace
{

void takeInto(Row& row, const Report& report, const TakeSample& take,
              unsigned run, std::ostream& progress)
{
    const auto widest = [&report](auto Row::* name, size_t least) {
        for (const Row& one : report.rows)
        {
            least = std::max(least, (one.*name).size());
        }
        return least;
    };
    fmt::print(progress, "run {}/{}  {:<{}}  {:<{}}  ", run + 1, report.runs,
               row.workload, widest(&Row::workload, 12), row.peer,
               widest(&Row::peer, 10));
    progress.flush();
    const Result<Sample> sample = take(row, run);
    if (!sample)
    {
        row.problem = describe(sample.error());
        fmt::print(progress, "{}\n", row.problem);
        return;
    }
    row.samples.push_back(sample->value);
    row.checked += sample->checked;
    row.cipher = sample->cipher;
    const auto keep = [](std::vector<double>& all,
                         const std::optional<double>& one) {
        if (one)
        {
            all.push_back(*one);
        }
    };
    keep(row.cpuSeconds, sample->cpuSeconds);
    keep(row.loadCpuSeconds, sample->loadCpuSeconds);
    keep(row.memory, sample->memory);
    fmt::print(progress, "{}\n", withUnit(row.measure, sample->value));
}

} // namespace

void addMeasuring(CLI::App& command, MeasuringOptions& o,
                  const std::string& peers, const std::string& workloads)
{
    command
        .add_option("--peer", o.peers,
                    "Only this server; may be repeated: " + peers)
        ->allow_extra_args(false)
        ->type_name("NAME");
    command
        .add_option("--workload", o.workloads,
                    "Only this workload; may be repeated: " + workloads)
        ->allow_extra_args(false)
        ->type_name("NAME");
    command.add_option("--runs", o.runs, "Runs of each; the median counts")
        ->check(CLI::Range(1U, 1000U))
        ->type_name("N")
        ->capture_default_str();
    command.add_option("--seconds", o.seconds, "How long a run lasts")
        ->check(CLI::Range(0.01, 3600.0))
        ->type_name("S")
        ->capture_default_str();
    command.add_option("--seed", o.seed, "Of content, and of what is random")
        ->capture_default_str();
    command.add_flag("--markdown", o.markdown, "Print the table as Markdown");
    command
        .add_option("--json", o.json, "Write all samples here, for programs")
        ->type_name("FILE");
    command.footer("Exit: 0 measured, 1 stopped, 2 usage, 3 nothing could be "
                   "measured\n"
                   "How to read the table: docs/performance.md");
}

Result<std::ofstream> openJson(const MeasuringOptions& options)
{
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
    return json;
}

Result<void> measure(Report& report, const TakeSample& take, double overhead,
                     std::ostream& progress)
{
    fmt::print(progress, "{} rows, {} runs each: about {:.0f} min\n",
               report.rows.size(), report.runs,
               std::ceil(static_cast<double>(report.rows.size()) * report.runs *
                         (report.seconds + overhead) / 60));
    // A B C, B C A, C A B ...: what is slow for a while is slow for all, and
    // nobody always comes first.
    for (unsigned run = 0; run < report.runs; ++run)
    {
        size_t at = 0;
        while (at < report.rows.size())
        {
            const auto count = static_cast<size_t>(std::ranges::count(
                report.rows, report.rows[at].workload, &Row::workload));
            for (size_t i = 0; i < count; ++i)
            {
                takeInto(report.rows[at + (i + run) % count], report, take, run,
                         progress);
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

ExitCode conclude(const Report& report, bool markdown, std::ofstream& json,
                  std::ostream& out)
{
    if (json.is_open())
    {
        json << boost::json::serialize(jsonOf(report)) << '\n';
    }
    out << textOf(report, markdown);
    return report.measured() ? exitMeasured : exitNothingMeasured;
}

} // namespace bench
