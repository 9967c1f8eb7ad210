// SPDX-License-Identifier: Apache-2.0
#include "replay_command.hpp"

#include "conformance/plain_text.hpp"
#include "conformance/run_file.hpp"
#include "conformance/spawn_line.hpp"
#include "vmedia/version.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <algorithm>

namespace conformance
{

namespace
{

/// What the report has of the case, and who can try it.
struct Replay
{
    Run before;
    const Record* record;
    Suite* suite;
    Selection selection;
    RunOptions options{};
};

tl::unexpected<vmedia::Error> refuse(std::string what, std::string hint = {})
{
    return vmedia::fail(vmedia::Errc::usage, std::move(what), std::move(hint));
}

/// The options of the line in the report that runs it all again.
vmedia::Result<void> readOptions(Replay& replay, const std::string& file)
{
    const std::string& line = replay.before.repeat;
    const auto wrong = [&](std::string_view why) {
        return refuse(fmt::format("{}: its \"repeat\" is no command line of "
                                  "{}: {}",
                                  file, replay.suite->name(), why));
    };
    auto words = splitLine(line);
    if (!words)
    {
        return wrong(words.error().what);
    }
    if (words->size() < 2 || words->front() != "vmedia-conform" ||
        (*words)[1] != replay.suite->name())
    {
        return wrong(plainText(line));
    }
    CLI::App command;
    replay.suite->addOptions(command);
    addRunOptions(command, replay.options);
    words->erase(words->begin(), words->begin() + 2);
    std::ranges::reverse(*words); // as CLI11 has it
    try
    {
        command.parse(std::move(*words));
    }
    catch (const CLI::ParseError& error)
    {
        return wrong(error.what());
    }
    return {};
}

vmedia::Result<Replay> prepare(const std::string& file, const std::string& id,
                               std::span<const std::unique_ptr<Suite>> suites)
{
    auto run = readRun(file);
    if (!run)
    {
        return tl::unexpected(run.error());
    }
    Replay replay{std::move(*run), nullptr, nullptr, {}};
    const auto suite = std::ranges::find_if(suites, [&](const auto& one) {
        return one->name() == replay.before.suite;
    });
    if (suite == suites.end())
    {
        return refuse(
            fmt::format("{} is of the suite '{}', which vmedia-conform "
                        "{} has not got",
                        file, plainText(replay.before.suite), vmedia::version));
    }
    replay.suite = suite->get();
    const auto& records = replay.before.records;
    const auto record = std::ranges::find(records, id, &Record::id);
    if (record == records.end())
    {
        return refuse(fmt::format("{} has no case '{}'", file, plainText(id)),
                      "'vmedia-conform list' shows them all; a report has "
                      "those that were selected");
    }
    replay.record = &*record;
    const std::vector<Row> rows = replay.suite->rows();
    const auto row = std::ranges::find(rows, id, &Row::id);
    if (row == rows.end())
    {
        return refuse(fmt::format(
            "vmedia-conform {} has no case '{}' any more; "
            "{} is of version {}",
            vmedia::version, id, file, plainText(replay.before.version)));
    }
    replay.selection.rows = {*row};
    if (record->expected)
    {
        replay.selection.expectations.emplace(id, *record->expected);
    }
    if (auto read = readOptions(replay, file); !read)
    {
        return tl::unexpected(read.error());
    }
    replay.options.seed = replay.before.seedOf(*record);
    replay.options.jobs = 1;
    replay.options.expect = replay.before.expect;
    return replay;
}

} // namespace

ReplayCommand::ReplayCommand(CLI::App& app)
{
    replaying = app.add_subcommand(
        "replay", "Run a case of a report again, in the same way");
    replaying->add_option("report", file, "A report of --json")
        ->required()
        ->type_name("RUN.json");
    replaying->add_option("id", id, "A case in it")->required();
    replaying->footer(
        "It starts what the report says, from the current directory.\n"
        "Exit: as a run of that case; 2 if there is no such report, or no such "
        "case");
}

bool ReplayCommand::parsed() const
{
    return replaying->parsed();
}

ExitCode ReplayCommand::run(std::span<const std::unique_ptr<Suite>> suites,
                            const Terminal& terminal) const
{
    const auto replay = prepare(file, id, suites);
    if (!replay)
    {
        complain(terminal.diagnostics, replay.error());
        return exitUsage;
    }
    Run now;
    const ExitCode code = runCases(*replay->suite, replay->options,
                                   replay->selection, terminal, now);
    if (!now.found.empty())
    {
        const Outcome before = replay->record->verdict.outcome;
        const Outcome seen = now.records.front().verdict.outcome;
        terminal.out << fmt::format(
            "replay: {}, {} {}\n", nameOf(seen),
            seen == before
                ? std::string("as in")
                : fmt::format("and no longer {} as in", nameOf(before)),
            file);
    }
    return code;
}

} // namespace conformance
