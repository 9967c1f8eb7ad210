// SPDX-License-Identifier: Apache-2.0
#include "text_report.hpp"

#include "conformance/wire/message.hpp"
#include "vmedia/version.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace conformance
{

namespace
{

std::string_view shortName(Outcome outcome)
{
    constexpr std::string_view names[] = {"pass", "WARN", "FAIL",
                                          "n/a",  "",     "info"};
    return names[static_cast<size_t>(outcome)];
}

std::string meaning(const Run& run)
{
    const Counts counts = run.counts();
    switch (run.exitCode())
    {
        case exitConforms:
            if (!run.expect.empty())
            {
                return "deviates as expected";
            }
            return fmt::format(
                "conforms{}{}",
                counts.withheld == 0 ? "" : " in what was tested",
                counts.warn == 0 ? "" : "; --strict counts warnings");
        case exitViolates:
            if (!run.expect.empty())
            {
                return "not as expected";
            }
            if (counts.fail != 0)
            {
                return "a case failed";
            }
            return run.strict && counts.warn != 0
                       ? "misses a SHOULD, with --strict"
                       : "verdicts differ between rounds";
        case exitUsage:
            return "usage";
        case exitNotTested:
            break;
    }
    return "not all could be tested";
}

/// Long enough for the bytes around a failure, short enough to read.
constexpr size_t wireLines = 8;

} // namespace

TextReport::TextReport(std::ostream& stream, bool withColour) :
    out(stream), colour(withColour)
{}

std::string TextReport::painted(Outcome outcome, std::string_view text) const
{
    constexpr std::string_view codes[] = {"32", "33", "31", "2", "2", "36"};
    return colour ? fmt::format("\x1b[{}m{}\x1b[0m",
                                codes[static_cast<size_t>(outcome)], text)
                  : std::string(text);
}

void TextReport::begin(const Run& run)
{
    out << fmt::format("vmedia-conform {}  {}\n", vmedia::version, run.suite)
        << fmt::format("target  {}\n", run.target)
        << fmt::format("found   {}\n", run.found)
        << (run.rounds > 1
                ? fmt::format("seeds   {} to {}, for {} rounds\n", run.seed,
                              run.seed + run.rounds - 1, run.rounds)
                : fmt::format("seed    {}\n", run.seed))
        << std::flush;
}

void TextReport::beginArea(std::string_view area)
{
    fresh() << fmt::format("\n{}\n", area);
}

void TextReport::result(const Record& record)
{
    if (record.verdict.outcome == Outcome::notTested)
    {
        return; // often the whole rest of a run: end() says why, once
    }
    const bool tells = record.verdict.outcome == Outcome::notApplicable ||
                       record.verdict.outcome == Outcome::info;
    constexpr int idWidth = 44; // few ids are longer
    const std::string name =
        painted(record.verdict.outcome,
                fmt::format("{:<4}", shortName(record.verdict.outcome)));
    fresh() << (tells ? fmt::format("  {}  {:<{}}  {}\n", name, record.id,
                                    idWidth, record.verdict.got)
                      : fmt::format("  {}  {}\n", name, record.id))
            << std::flush;
}

void TextReport::endArea(const Counts& counts)
{
    fresh() << fmt::format("  {}\n", describe(counts)) << std::flush;
}

void TextReport::round(const Run& run, unsigned number,
                       const std::vector<std::string>& differing)
{
    std::string text = fmt::format("{}round {} of {}  seed {}",
                                   number == 0 ? "\n" : "", number + 1,
                                   run.rounds, run.seed + number);
    if (number != 0)
    {
        text += differing.empty()
                    ? std::string("  no verdict differs")
                    : fmt::format("  {} differ{}: {}", differing.size(),
                                  differing.size() == 1 ? "s" : "",
                                  fmt::join(differing, ", "));
    }
    fresh() << text << '\n' << std::flush;
}

void TextReport::progress(size_t done, size_t total)
{
    if (colour)
    {
        fresh() << fmt::format("{} of {}", done, total) << std::flush;
        unfinished = true;
    }
}

/// Where the next line goes.
std::ostream& TextReport::fresh()
{
    return std::exchange(unfinished, false) ? out << "\r\x1b[K" : out;
}

void TextReport::failure(const Run& run, const Record& record)
{
    const auto line = [this](std::string_view label, std::string_view text) {
        out << fmt::format("  {:<7} {}\n", label, text);
    };
    out << fmt::format(
        "\n{}  {}  ({})\n",
        painted(record.verdict.outcome, shortName(record.verdict.outcome)),
        record.id, nameOf(record.level));
    line("sent", record.sends);
    line("wanted", record.wanted());
    line("got", record.verdict.got);
    if (!record.server.empty())
    {
        line("started", record.server);
    }
    if (record.level == Level::robustness)
    {
        line("suite", record.says); // no sentence of the spec
    }
    else
    {
        line("spec", fmt::format("\"{}\"", record.says));
    }
    line("", record.spec);
    if (record.level == Level::robustness)
    {
        line("", "(only its context: the suite itself wants that)");
    }
    const auto wire = linesOf(record.wire, run.suite);
    const size_t count = wire.size();
    const size_t from = count > wireLines ? count - wireLines : 0;
    for (size_t i = from; i < count; ++i)
    {
        line(i == from ? "wire" : "", wire[i]);
    }
    if (record.attempts.size() > 1)
    {
        line("rounds", describe(record.attempts));
    }
    line("repeat", run.repeatOf(record));
}

void TextReport::flaky(const Run& run)
{
    bool any = false;
    for (const Record& record : run.records)
    {
        if (record.attempts.size() < 2)
        {
            continue;
        }
        if (!std::exchange(any, true))
        {
            out << "\nFlaky: the verdict is not the same in every round\n";
        }
        out << fmt::format("  {}  {}{}\n", record.id, describe(record.attempts),
                           run.flaky(record) ? "" : "; as expected");
        for (const Attempt& one : record.attempts)
        {
            if (!one.got.empty())
            {
                out << fmt::format("    {}, seed {}: {}\n", nameOf(one.outcome),
                                   one.seed, one.got);
            }
        }
    }
}

void TextReport::expectations(const Run& run)
{
    size_t asExpected = 0;
    size_t unexpected = 0;
    std::string list;
    for (const Record& record : run.records)
    {
        if (!run.unexpected(record))
        {
            asExpected += record.expected ? 1U : 0U;
        }
        else if (record.verdict.outcome != Outcome::notTested)
        {
            ++unexpected;
            list += fmt::format("\n  {}  {}, expected {}", record.id,
                                nameOf(record.verdict.outcome),
                                record.expected
                                    ? fmt::format("{} ({})",
                                                  describe(*record.expected),
                                                  record.expected->why)
                                    : "pass");
        }
    }
    out << fmt::format(
        "\n{}: as expected: {}; unexpected: {}{}\n", run.expect, asExpected,
        unexpected == 0 ? "none" : std::to_string(unexpected), list);
}

/// All that were not tested for the same reason as @p first.
void TextReport::notTested(const Run& run, const Record& first)
{
    const auto same = [&first](const Record& record) {
        return record.verdict.outcome == Outcome::notTested &&
               record.verdict.got == first.verdict.got;
    };
    const auto count = std::ranges::count_if(run.records, same);
    const auto from = std::ranges::find_if(run.records, same);
    // What was withheld is here and there, and not the rest of a run; what
    // several workers left is not, either.
    const bool rest = !first.verdict.withheld &&
                      std::ranges::all_of(from, from + count, same);
    out << fmt::format("\nNot tested{}: {} ({} case{})\n",
                       rest ? fmt::format(" from {} on", first.id) : "",
                       first.verdict.got, count, count == 1 ? "" : "s");
}

void TextReport::end(const Run& run, double seconds)
{
    fresh();
    // What matters most comes last, where a reader's eye is.
    for (const Outcome outcome : {Outcome::warn, Outcome::fail})
    {
        for (const Record& record : run.records)
        {
            if (record.verdict.outcome == outcome &&
                (run.expect.empty() || run.unexpected(record)))
            {
                failure(run, record);
            }
        }
    }
    if (!run.expect.empty())
    {
        expectations(run);
    }
    flaky(run);
    std::vector<std::string_view> reasons;
    for (const Record& record : run.records)
    {
        if (record.verdict.outcome == Outcome::notTested &&
            std::ranges::find(reasons, record.verdict.got) == reasons.end())
        {
            reasons.emplace_back(record.verdict.got);
            notTested(run, record);
        }
    }
    out << fmt::format("\n{}{}: {}  ({:.1f} s)  exit {}: {}\n",
                       casesText(run.records.size()),
                       run.rounds > 1 ? fmt::format(", {} times", run.rounds)
                                      : "",
                       describe(run.counts()), seconds,
                       static_cast<int>(run.exitCode()), meaning(run))
        << std::flush;
}

bool wantsColour()
{
    const char* terminal = std::getenv("TERM");
    return ::isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr &&
           terminal != nullptr && std::string_view(terminal) != "dumb";
}

std::string shellQuoted(std::string_view word)
{
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        "-._~/:=,+@%";
    if (!word.empty() && word.find_first_not_of(plain) == word.npos)
    {
        return std::string(word);
    }
    std::string text = "'";
    for (const char c : word)
    {
        text += c == '\'' ? "'\\''" : std::string(1, c);
    }
    return text + "'";
}

} // namespace conformance
