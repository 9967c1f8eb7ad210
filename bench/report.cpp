// SPDX-License-Identifier: Apache-2.0
#include "report.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace bench
{

namespace
{

Better wanted(const Row& row)
{
    return betterFor(row.measure);
}

double median(const Row& row)
{
    return summarise(row.samples).median;
}

/// Where sockets are the limit, and so the roofline means something.
bool hasRoofline(const Row& row)
{
    return row.measure == Measure::bandwidth ||
           row.measure == Measure::requests;
}

/// Which columns there are beyond those that every table has.
struct Columns
{
    bool load = false;
    bool memory = false;
};

Columns columnsOf(const Report& report)
{
    return {std::ranges::any_of(
                report.rows,
                [](const Row& row) { return !row.loadCpuSeconds.empty(); }),
            std::ranges::any_of(report.rows, [](const Row& row) {
        return !row.memory.empty();
    })};
}

Table::Cells headOf(const Columns& columns)
{
    Table::Cells head{"workload", "peer",          "median",      "min-max",
                      "spread ",  "vs best other", "of roofline", "server CPU"};
    if (columns.load)
    {
        head.emplace_back("load CPU");
    }
    if (columns.memory)
    {
        head.emplace_back("memory");
    }
    return head;
}

std::string costOf(Measure measure, const std::vector<double>& cpuSeconds)
{
    return cpuSeconds.empty() ? ""
                              : costText(measure, summarise(cpuSeconds).median);
}

Table::Cells cellsOf(const Report& report, const Row& row,
                     const Columns& columns)
{
    const Measure measure = row.measure;
    Table::Cells cells{std::string(row.workload), std::string(row.peer)};
    if (row.samples.empty())
    {
        cells.emplace_back("-");
        cells.resize(headOf(columns).size());
        return cells;
    }
    const Summary summary = summarise(row.samples);
    const double versus = versusBestOther(report, row);
    const double part = ofRoofline(report, row);
    const Table::Cells figures{
        withUnit(measure, summary.median),
        fmt::format("{}-{}", withoutUnit(measure, summary.least),
                    withoutUnit(measure, summary.most)),
        fmt::format("{:.0f}%{}", summary.spread() * 100,
                    summary.spread() > noisySpread ? "!" : " "),
        versus == 0 ? "" : fmt::format("{:.2f}x", versus),
        part == 0 ? "" : fmt::format("{:.0f}%", part * 100),
        costOf(measure, row.cpuSeconds)};
    cells.insert(cells.end(), figures.begin(), figures.end());
    if (columns.load)
    {
        cells.push_back(costOf(measure, row.loadCpuSeconds));
    }
    if (columns.memory)
    {
        cells.push_back(row.memory.empty()
                            ? ""
                            : withUnit(Measure::memoryPerConnection,
                                       summarise(row.memory).median));
    }
    return cells;
}

/// Who gives our client which cipher, in a line for each.
std::string ciphersOf(const Report& report)
{
    std::map<std::string, std::set<std::string>> takers;
    for (const Row& row : report.rows)
    {
        if (!row.cipher.empty())
        {
            takers[row.cipher].emplace(row.peer);
        }
    }
    std::string lines;
    for (const auto& [cipher, peers] : takers)
    {
        lines += fmt::format("cipher:  {}: {}\n", cipher,
                             fmt::join(peers, ", "));
    }
    return lines;
}

std::string factsOf(const Report& report)
{
    std::string versions;
    for (const auto& [name, version] : report.versions)
    {
        versions += fmt::format("{}{} {}", versions.empty() ? "" : ", ", name,
                                version);
    }
    return fmt::format("machine: {}\n"
                       "runs:    {} of {} s each, interleaved; {}, seed {}\n"
                       "peers:   {}\n"
                       "{}",
                       describe(report.machine), report.runs, report.seconds,
                       report.setting, report.seed, versions,
                       ciphersOf(report));
}

std::string notesOf(const Report& report)
{
    std::string notes;
    const auto noisy = std::ranges::count_if(report.rows, [](const Row& row) {
        return !row.samples.empty() &&
               summarise(row.samples).spread() > noisySpread;
    });
    if (noisy > 0)
    {
        notes += fmt::format("noise:   {} of {} rows, marked !, spread over "
                             "more than {:.0f}%: compare nothing that is "
                             "closer than its spread\n",
                             noisy, report.rows.size(), noisySpread * 100);
    }
    for (const std::string& line : report.foot)
    {
        notes += line + '\n';
    }
    for (const std::string& skipped : report.skipped)
    {
        notes += fmt::format("skipped: {}\n", skipped);
    }
    for (const Row& row : report.rows)
    {
        if (!row.problem.empty())
        {
            notes += fmt::format("missing: {} {}: {}\n", row.workload, row.peer,
                                 row.problem);
        }
    }
    return notes;
}

boost::json::array arrayOf(const std::vector<double>& values)
{
    return boost::json::value_from(values).as_array();
}

boost::json::object jsonOf(const Report& report, const Row& row)
{
    boost::json::object out{
        {"workload", row.workload},
        {"peer", row.peer},
        {"cipher", row.cipher},
        {"unit", unitOf(row.measure)},
        {"better", wanted(row) == Better::higher ? "higher" : "lower"},
        {"samples", arrayOf(row.samples)},
        {"cpu_seconds_per_unit", arrayOf(row.cpuSeconds)},
        {"words_checked", row.checked},
        {"problem", row.problem}};
    out.insert(row.facts.begin(), row.facts.end());
    if (!row.loadCpuSeconds.empty())
    {
        out["load_cpu_seconds_per_unit"] = arrayOf(row.loadCpuSeconds);
    }
    if (!row.memory.empty())
    {
        out["memory_per_session"] = arrayOf(row.memory);
    }
    if (!row.samples.empty())
    {
        const Summary summary = summarise(row.samples);
        out["median"] = summary.median;
        out["min"] = summary.least;
        out["max"] = summary.most;
        out["spread"] = summary.spread();
        out["versus_best_other"] = versusBestOther(report, row);
        out["of_roofline"] = ofRoofline(report, row);
    }
    return out;
}

} // namespace

bool Report::measured() const
{
    return std::ranges::any_of(
        rows, [](const Row& row) { return !row.samples.empty(); });
}

double versusBestOther(const Report& report, const Row& row)
{
    if (!row.serves || row.samples.empty())
    {
        return 0;
    }
    double best = 0;
    for (const Row& other : report.rows)
    {
        if (other.workload == row.workload && other.peer != row.peer &&
            other.serves && !other.samples.empty())
        {
            const double value = median(other);
            if (best == 0 || timesBetter(value, best, wanted(row)) > 1)
            {
                best = value;
            }
        }
    }
    return timesBetter(median(row), best, wanted(row));
}

double ofRoofline(const Report& report, const Row& row)
{
    if (!row.serves || row.samples.empty() || !hasRoofline(row))
    {
        return 0;
    }
    const auto bare = std::ranges::find_if(report.rows,
                                           [&row](const Row& other) {
        return other.workload == row.workload && !other.serves &&
               !other.samples.empty();
    });
    return bare == report.rows.end()
               ? 0
               : timesBetter(median(row), median(*bare), wanted(row));
}

std::string textOf(const Report& report, bool markdown)
{
    const Columns columns = columnsOf(report);
    Table table(headOf(columns), 2);
    std::string_view last;
    for (const Row& row : report.rows)
    {
        if (!last.empty() && last != row.workload)
        {
            table.gap();
        }
        last = row.workload;
        table.add(cellsOf(report, row, columns));
    }
    const std::string notes = notesOf(report);
    return markdown ? fmt::format(
                          "```text\n{}```\n\n{}{}", factsOf(report),
                          table.markdown(),
                          notes.empty() ? "" : "\n```text\n" + notes + "```\n")
                    : fmt::format("{}\n{}{}{}", factsOf(report), table.text(),
                                  notes.empty() ? "" : "\n", notes);
}

boost::json::value jsonOf(const Report& report)
{
    boost::json::object versions;
    for (const auto& [name, version] : report.versions)
    {
        versions[name] = version;
    }
    boost::json::array results;
    for (const Row& row : report.rows)
    {
        results.push_back(jsonOf(report, row));
    }
    boost::json::object out{
        {"machine",
         {{"cpu", report.machine.cpu},
          {"cores", report.machine.cores},
          {"kernel", report.machine.kernel},
          {"compiler", report.machine.compiler},
          {"commit", report.machine.commit},
          {"load", report.machine.load}}},
        {"versions", versions},
        {"runs", report.runs},
        {"seconds", report.seconds},
        {"seed", report.seed},
        {"skipped", boost::json::value_from(report.skipped)},
        {"results", results}};
    out.insert(report.facts.begin(), report.facts.end());
    return out;
}

} // namespace bench
