// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/server_suite.hpp"
#include "conformance/report_command.hpp"
#include "conformance/text_report.hpp"
#include "vmedia/command/manual.hpp"
#include "vmedia/command/parse.hpp"
#include "vmedia/version.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <string>

namespace conformance
{

namespace
{

using nbd::Case;
using nbd::ServerSuiteOptions;

void addServerSuite(CLI::App& app, ServerSuiteOptions& o)
{
    CLI::App* cmd = app.add_subcommand("nbd-server", "Test an NBD server");
    cmd->add_option("target", o.target,
                    "nbd://HOST[:PORT][/EXPORT] or "
                    "nbd+unix:///[EXPORT]?socket=PATH; with TLS nbds and "
                    "tls-psk-file=FILE or tls-certificates=DIR");
    cmd->add_option("--spawn", o.spawn,
                    "Start the target with this line instead, e.g. 'nbdkit -f "
                    "-U {socket} memory 1M'; also {port}, {image}");
    cmd->add_option("--profile", o.profile,
                    "Start a server in each way that a case needs: "
                    "vmedia-nbd, nbdkit, qemu-nbd, nbd-server, or a file "
                    "such as theirs");
    cmd->add_option("--export", o.exportName,
                    "The export to use; else the default or the first listed");
    cmd->add_option("--only", o.only,
                    "Case id, its beginning, or a glob; may be repeated")
        ->allow_extra_args(false);
    cmd->add_option("--skip", o.skip, "The same, to leave out")
        ->allow_extra_args(false);
    cmd->add_option_function<std::string>("--level",
                                          [&o](const std::string& level) {
        o.level = level == "must" ? Level::must : Level::should;
    }, "must, or should for both; all levels without it")
        ->check(CLI::IsMember({"must", "should"}))
        ->type_name("LEVEL");
    cmd->add_flag("--destructive", o.destructive,
                  "Run the cases that write too; they put back what they "
                  "overwrite. Always so with --spawn and --profile");
    cmd->add_flag("--strict", o.strict, "A missed SHOULD gives exit 1 too");
    cmd->add_option("--seed", o.seed, "Repeat a run")->capture_default_str();
    cmd->add_option("--timeout-scale", o.timeoutScale,
                    "Wait this many times as long for answers")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    cmd->add_option("--expect", o.expect,
                    "Verdicts that are known, with reasons (TOML): exit 0 if "
                    "exactly these deviate")
        ->type_name("FILE");
    addReportOptions(*cmd, o.reports);
    cmd->footer("Exit: 0 conforms, 1 a case failed, 2 usage or nothing "
                "selected, 3 could not test");
}

ExitCode list(const std::string& pattern)
{
    const auto cases = nbd::casesLike(pattern);
    if (cases.empty())
    {
        fmt::print(stderr,
                   "vmedia-conform: no case matches '{}'; 'vmedia-conform "
                   "list' shows them all\n",
                   pattern);
        return exitUsage;
    }
    size_t width = 0;
    for (const Case* one : cases)
    {
        width = std::max(width, one->id.size());
    }
    for (const Case* one : cases)
    {
        fmt::print("{:<{}}  {:<10}  {}\n", one->id, width, nameOf(one->level),
                   one->sends);
    }
    return exitConforms;
}

ExitCode explain(const std::string& id)
{
    for (const Case* one : nbd::casesLike({}))
    {
        if (one->id == id)
        {
            fmt::print("{}\n"
                       "  level   {}\n"
                       "  sends   {}\n"
                       "  wants   {}\n"
                       "  {}\n"
                       "          {}\n"
                       "  target  {}\n",
                       one->id, nameOf(one->level), one->sends, one->wants,
                       one->level == Level::robustness
                           ? fmt::format("suite   {}", one->says)
                           : fmt::format("spec    \"{}\"", one->says),
                       one->spec,
                       fmt::join(nbd::explain(one->needs), "\n          "));
            if (one->writes)
            {
                fmt::print(
                    "  writes  and puts back what it overwrites; needs "
                    "--destructive for a target that is there already\n");
            }
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
    ServerSuiteOptions server;
    addServerSuite(app, server);
    std::string pattern;
    CLI::App* listing =
        app.add_subcommand("list", "The cases: id, level, what is sent");
    listing->add_option("glob", pattern, "Only those, e.g. 'nbd.option.*'");
    std::string id;
    CLI::App* explaining = app.add_subcommand("explain", "All about one case");
    explaining->add_option("id", id, "As 'list' shows it")->required();
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
        return list(pattern);
    }
    if (explaining->parsed())
    {
        return explain(id);
    }
    if (reports.parsed())
    {
        return reports.run();
    }
    return runServerSuite(server, std::cout, std::cerr, wantsColour());
}

} // namespace

} // namespace conformance

int main(int argc, char** argv)
{
    return conformance::runMain(argc, argv);
}
