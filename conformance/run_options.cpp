// SPDX-License-Identifier: Apache-2.0
#include "run_options.hpp"

#include <CLI/CLI.hpp>

namespace conformance
{

namespace
{

constexpr unsigned mostJobs = 64;
constexpr unsigned mostRounds = 100000;

void addSelection(CLI::App& command, RunOptions& o)
{
    command
        .add_option("--only", o.only,
                    "Case id, its beginning, or a glob; may be repeated")
        ->allow_extra_args(false);
    command.add_option("--skip", o.skip, "The same, to leave out")
        ->allow_extra_args(false);
    command
        .add_option_function<std::string>("--level",
                                          [&o](const std::string& level) {
        o.level = level == "must" ? Level::must : Level::should;
    }, "must, or should for both; all levels without it")
        ->check(CLI::IsMember({"must", "should"}))
        ->type_name("LEVEL");
    command.add_flag("--destructive", o.destructive,
                     "Run the cases that write, too; they put back what they "
                     "overwrite. Always so where we start the target");
    command.add_flag("--slow", o.slow,
                     "Run the cases that wait for a time-out of the target's, "
                     "too: minutes");
}

} // namespace

void addRunOptions(CLI::App& command, RunOptions& o)
{
    addSelection(command, o);
    command.add_flag("--strict", o.strict, "A missed SHOULD gives exit 1 too");
    command
        .add_option("--jobs", o.jobs,
                    "How many cases run at once. Where we start the target, "
                    "each has one of its own: four for each core unless told, "
                    "up to 16. Where it is there already: 1 unless told")
        ->check(CLI::Range(1U, mostJobs))
        ->type_name("N");
    command
        .add_option("--repeat", o.repeat,
                    "Run it all N times, from --seed on with a new seed each, "
                    "and tell which verdicts differ: exit 1 if one does")
        ->check(CLI::Range(1U, mostRounds))
        ->type_name("N");
    command.add_option("--seed", o.seed, "What all random choices come from")
        ->capture_default_str();
    command
        .add_option("--timeout-scale", o.timeoutScale,
                    "Wait this many times as long for answers")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command
        .add_option("--expect", o.expect,
                    "Verdicts that are known, with reasons (TOML, as "
                    "'baseline' makes it): exit 0 if exactly these deviate")
        ->type_name("FILE");
    addReportOptions(command, o.reports);
    command.footer("Exit: 0 conforms, 1 a case failed, 2 usage or nothing "
                   "selected, 3 could not test");
}

void addReportOptions(CLI::App& command, std::vector<ReportFile>& files)
{
    for (const ReportKind& kind : reportKinds())
    {
        command
            .add_option_function<std::string>(
                kind.option,
                [&files, kind](const std::string& path) {
            files.push_back({kind, path});
        }, kind.help)
            ->type_name(kind.write == nullptr ? "DIR" : "FILE");
    }
}

} // namespace conformance
