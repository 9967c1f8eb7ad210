// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/server_suite.hpp"
#include "conformance/replay_command.hpp"
#include "conformance/report_command.hpp"
#include "conformance/runner.hpp"
#include "conformance/selection.hpp"
#include "conformance/text_report.hpp"
#include "conformance/ws/client_suite.hpp"
#include "conformance/ws/server_suite.hpp"
#include "vmedia/command/manual.hpp"
#include "vmedia/command/parse.hpp"
#include "vmedia/version.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace conformance
{

namespace
{

/// All suites that there are.
std::vector<std::unique_ptr<Suite>> allSuites()
{
    std::vector<std::unique_ptr<Suite>> suites;
    suites.push_back(nbd::serverSuite());
    suites.push_back(ws::serverSuite());
    suites.push_back(ws::clientSuite());
    return suites;
}

using Suites = std::span<const std::unique_ptr<Suite>>;

ExitCode list(Suites suites, const std::string& pattern)
{
    std::vector<Row> rows;
    size_t width = 0;
    for (const auto& suite : suites)
    {
        for (const Row& row : rowsLike(suite->rows(), pattern))
        {
            rows.push_back(row);
            width = std::max(width, row.id.size());
        }
    }
    for (const Row& row : rows)
    {
        fmt::print("{:<{}}  {:<10}  {}\n", row.id, width, nameOf(row.level),
                   row.sends);
    }
    if (rows.empty())
    {
        fmt::print(stderr,
                   "vmedia-conform: no case matches '{}'; 'vmedia-conform "
                   "list' shows them all\n",
                   pattern);
        return exitUsage;
    }
    return exitConforms;
}

void explain(const Suite& suite, const Row& row)
{
    fmt::print("{}  ({})\n"
               "  level   {}\n"
               "  sends   {}\n"
               "  wants   {}\n"
               "  {}\n"
               "          {}\n"
               "  target  {}\n",
               row.id, suite.name(), nameOf(row.level), row.sends, row.wants,
               row.level == Level::robustness
                   ? fmt::format("suite   {}", row.says)
                   : fmt::format("spec    \"{}\"", row.says),
               row.spec, fmt::join(suite.needs(row), "\n          "));
    if (row.writes)
    {
        fmt::print("  writes  and puts back what it overwrites; needs "
                   "--destructive for a target that is there already\n");
    }
    if (row.slow)
    {
        fmt::print("  slow    waits for a time-out of the target's; needs "
                   "--slow\n");
    }
}

ExitCode explain(Suites suites, const std::string& id)
{
    for (const auto& suite : suites)
    {
        const std::vector<Row> rows = suite->rows();
        const auto row = std::ranges::find(rows, id, &Row::id);
        if (row != rows.end())
        {
            explain(*suite, *row);
            return exitConforms;
        }
    }
    fmt::print(stderr,
               "vmedia-conform: there is no case '{}'; 'vmedia-conform list' "
               "shows them all\n",
               id);
    return exitUsage;
}

int runMain(int argc, char** argv)
{
    CLI::App app("Conformance suites for what virtual media speaks",
                 "vmedia-conform");
    app.set_version_flag("--version", vmedia::versionText("vmedia-conform"));
    app.require_subcommand(1);
    const auto suites = allSuites();
    RunOptions options;
    for (const auto& suite : suites)
    {
        CLI::App* command = app.add_subcommand(std::string(suite->name()),
                                               std::string(suite->about()));
        suite->addOptions(*command);
        addRunOptions(*command, options);
    }
    std::string pattern;
    CLI::App* listing =
        app.add_subcommand("list", "The cases: id, level, what is sent");
    listing->add_option("glob", pattern, "Only those, e.g. 'nbd.option.*'");
    std::string id;
    CLI::App* explaining = app.add_subcommand("explain", "All about one case");
    explaining->add_option("id", id, "As 'list' shows it")->required();
    const ReplayCommand replay(app);
    const ReportCommands reports(app);
    vmedia::command::addManual(app);
    try
    {
        app.parse(argc, argv);
    }
    catch (const CLI::ParseError& error)
    {
        return vmedia::command::parseFailed(app, error);
    }
    if (listing->parsed())
    {
        return list(suites, pattern);
    }
    if (explaining->parsed())
    {
        return explain(suites, id);
    }
    if (reports.parsed())
    {
        return reports.run();
    }
    const Terminal terminal{std::cout, std::cerr, wantsColour()};
    if (replay.parsed())
    {
        return replay.run(suites, terminal);
    }
    const auto asked = std::ranges::find_if(suites, [&app](const auto& suite) {
        return app.got_subcommand(std::string(suite->name()));
    });
    return runSuite(**asked, options, terminal);
}

} // namespace

} // namespace conformance

int main(int argc, char** argv)
{
    return conformance::runMain(argc, argv);
}
