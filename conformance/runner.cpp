// SPDX-License-Identifier: Apache-2.0
#include "runner.hpp"

#include "conformance/commit.hpp"
#include "conformance/crew.hpp"
#include "conformance/report_files.hpp"
#include "conformance/results.hpp"
#include "conformance/selection.hpp"
#include "conformance/text_report.hpp"
#include "vmedia/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace conformance
{

namespace
{

// Most of a case's time is waiting; but each job has a target of its own.
constexpr unsigned jobsPerCore = 4;
constexpr unsigned mostByDefault = 16;

ExitCode exitCodeOf(const vmedia::Error& error)
{
    return error.code == vmedia::Errc::usage ? exitUsage : exitNotTested;
}

double secondsSince(std::chrono::steady_clock::time_point began)
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         began)
        .count();
}

vmedia::Result<size_t> jobsOf(const RunOptions& options, const Plan& plan)
{
    if (!plan.starts && options.destructive && options.jobs > 1)
    {
        return vmedia::fail(
            vmedia::Errc::usage,
            fmt::format("--jobs {} with --destructive: cases would overwrite "
                        "what others have written",
                        options.jobs),
            "give one of the two, or --spawn, where each has its own target");
    }
    if (options.jobs != 0)
    {
        return options.jobs;
    }
    return plan.starts
               ? std::clamp(jobsPerCore * std::thread::hardware_concurrency(),
                            jobsPerCore, mostByDefault)
               : 1;
}

/// The suite's own options with those of all suites that a verdict hangs on.
std::string repeatLine(const Suite& suite, const RunOptions& options,
                       const Plan& plan)
{
    std::string text = fmt::format("vmedia-conform {} {}", suite.name(),
                                   plan.options);
    if (options.destructive)
    {
        text += " --destructive";
    }
    if (options.slow)
    {
        text += " --slow";
    }
    if (options.strict)
    {
        text += " --strict";
    }
    if (options.timeoutScale != 1)
    {
        text += fmt::format(" --timeout-scale {}", options.timeoutScale);
    }
    return text;
}

/// Runs what was selected, if the target can be opened.
vmedia::Result<void> carryOut(Crew& crew, Suite& suite, size_t jobs,
                              const Selection& selection, Run& run,
                              TextReport& report)
{
    const auto found = crew.open();
    if (!found)
    {
        run.error = vmedia::describe(found.error());
        for (const Row& row : selection.rows)
        {
            Record& record = run.records.emplace_back(recordOf(row));
            record.verdict = notTested(run.error);
            expect(selection.expectations, record);
        }
        return tl::unexpected(found.error());
    }
    run.found = *found;
    report.begin(run);
    std::vector<size_t> groups;
    for (const Row& row : selection.rows)
    {
        groups.push_back(suite.groupOf(row));
    }
    Schedule schedule(std::move(groups), run.rounds);
    Results results(selection, run, report);
    crew.run(schedule, std::min(jobs, run.rounds * selection.rows.size()),
             [&results](const Job& job, Record record) {
        results.add(job, std::move(record));
    });
    run.error = crew.fault();
    if (results.missing() != 0 && run.error.empty() && run.rounds > 1)
    {
        run.error = fmt::format("interrupted in round {} of {}",
                                results.roundsBegun(), run.rounds);
    }
    results.close(crew.interrupted() ? "interrupted" : crew.fault());
    return {};
}

vmedia::Result<Selection> selectionOf(const Suite& suite,
                                      const RunOptions& options)
{
    const std::vector<Row> all = suite.rows();
    auto rows = select(all, options);
    if (!rows)
    {
        return tl::unexpected(rows.error());
    }
    Selection selection{std::move(*rows)};
    if (!options.expect.empty())
    {
        auto read = readExpectations(options.expect, [&](std::string_view id) {
            return std::ranges::find(all, id, &Row::id) != all.end();
        });
        if (!read)
        {
            return tl::unexpected(read.error());
        }
        selection.expectations = std::move(*read);
    }
    return selection;
}

} // namespace

void complain(std::ostream& diagnostics, const vmedia::Error& error)
{
    diagnostics << "vmedia-conform: " << vmedia::describe(error) << '\n';
}

ExitCode runSuite(Suite& suite, const RunOptions& options,
                  const Terminal& terminal)
{
    const auto selection = selectionOf(suite, options);
    if (!selection)
    {
        complain(terminal.diagnostics, selection.error());
        return exitUsage;
    }
    Run run;
    return runCases(suite, options, *selection, terminal, run);
}

ExitCode runCases(Suite& suite, const RunOptions& options,
                  const Selection& selection, const Terminal& terminal,
                  Run& run)
{
    const auto refuse = [&terminal](const vmedia::Error& error) {
        complain(terminal.diagnostics, error);
        return exitCodeOf(error);
    };
    const auto plan = suite.prepare(options);
    if (!plan)
    {
        return refuse(plan.error());
    }
    const auto jobs = jobsOf(options, *plan);
    if (!jobs)
    {
        return refuse(jobs.error());
    }
    if (const auto opened = openReports(options.reports); !opened)
    {
        return refuse(opened.error());
    }
    run = {.suite = std::string(suite.name()),
           .target = plan->target,
           .found = {},
           .repeat = repeatLine(suite, options, *plan),
           .seed = options.seed,
           .rounds = options.repeat,
           .strict = options.strict,
           .version = vmedia::version,
           .commit = commit,
           .began = timeText(),
           .expect = options.expect};
    const auto began = std::chrono::steady_clock::now();
    TextReport report(terminal.out, terminal.colour);
    vmedia::Result<void> opened;
    {
        Crew crew(suite, selection.rows, options.seed);
        opened = carryOut(crew, suite, *jobs, selection, run, report);
    }
    run.seconds = secondsSince(began);
    if (opened)
    {
        report.end(run, run.seconds);
    }
    const auto written = writeReports(options.reports, run);
    if (!run.error.empty())
    {
        terminal.diagnostics << "vmedia-conform: " << run.error << '\n';
    }
    if (!written)
    {
        complain(terminal.diagnostics, written.error());
        return exitNotTested;
    }
    return opened ? run.exitCode() : exitCodeOf(opened.error());
}

} // namespace conformance
