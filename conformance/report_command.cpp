// SPDX-License-Identifier: Apache-2.0
#include "report_command.hpp"

#include "conformance/baseline.hpp"
#include "conformance/diff.hpp"
#include "conformance/html_report.hpp"
#include "conformance/report_files.hpp"
#include "conformance/run_file.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <iostream>

namespace conformance
{

namespace
{

ExitCode failed(const vmedia::Error& error, ExitCode code)
{
    fmt::print(stderr, "vmedia-conform: {}\n", vmedia::describe(error));
    return code;
}

} // namespace

ReportCommands::ReportCommands(CLI::App& app)
{
    diffing = app.add_subcommand("diff", "What changed between two reports");
    diffing->add_option("before", before, "A report of --json")
        ->required()
        ->type_name("A.json");
    diffing->add_option("after", after, "A later one")
        ->required()
        ->type_name("B.json");
    diffing
        ->add_option("--markdown", markdown, "Also write it for a pull request")
        ->type_name("FILE");
    diffing->footer("Exit: 0 nothing got worse, 1 something did, 2 usage or a "
                    "file that is no report, 3 could not write");
    drawing = app.add_subcommand("html", "Reports as one page for a browser");
    drawing->add_option("reports", files, "Reports of --json: a column each")
        ->required()
        ->type_name("A.json");
    drawing->add_option("-o,--output", page, "Where to write it")
        ->required()
        ->type_name("FILE");
    drawing->footer("Exit: 0 written, 2 usage or a file that is no report, 3 "
                    "could not write");
    drafting = app.add_subcommand(
        "baseline", "What a run found, as a file for --expect, to stdout");
    drafting->add_option("report", before, "A report of --json")
        ->required()
        ->type_name("RUN.json");
    drafting->footer("The reasons are drafts: what was seen. Exit: 0 printed, "
                     "2 usage or a file that is no report");
}

bool ReportCommands::parsed() const
{
    return diffing->parsed() || drawing->parsed() || drafting->parsed();
}

ExitCode ReportCommands::run() const
{
    return diffing->parsed()   ? runDiff()
           : drawing->parsed() ? runHtml()
                               : runBaseline();
}

ExitCode ReportCommands::runBaseline() const
{
    const auto run = readRun(before);
    if (!run)
    {
        return failed(run.error(), exitUsage);
    }
    writeBaseline(*run, std::cout);
    return exitConforms;
}

ExitCode ReportCommands::runDiff() const
{
    const auto old = readRun(before);
    if (!old)
    {
        return failed(old.error(), exitUsage);
    }
    const auto now = readRun(after);
    if (!now)
    {
        return failed(now.error(), exitUsage);
    }
    if (old->suite != now->suite)
    {
        return failed({vmedia::Errc::usage,
                       fmt::format("{} is of {} and {} of {}", before,
                                   old->suite, after, now->suite),
                       {},
                       "compare two runs of one suite"},
                      exitUsage);
    }
    const Diff found = diff(*old, *now);
    writeText(found, std::cout);
    if (!markdown.empty())
    {
        if (const auto written = writeFile(
                "--markdown", markdown,
                [&](std::ostream& out) { writeMarkdown(found, out); });
            !written)
        {
            return failed(written.error(), exitNotTested);
        }
    }
    return found.worse.empty() ? exitConforms : exitViolates;
}

ExitCode ReportCommands::runHtml() const
{
    std::vector<Run> runs;
    for (const std::string& file : files)
    {
        auto run = readRun(file);
        if (!run)
        {
            return failed(run.error(), exitUsage);
        }
        runs.push_back(std::move(*run));
    }
    const auto written =
        writeFile("-o", page, [&](std::ostream& out) { writeHtml(runs, out); });
    return written ? exitConforms : failed(written.error(), exitNotTested);
}

} // namespace conformance
