// SPDX-License-Identifier: Apache-2.0
#include "record.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace conformance
{

bool Expected::allows(Outcome outcome) const
{
    return std::ranges::find(verdicts, outcome) != verdicts.end();
}

Counts Run::counts() const
{
    Counts counts;
    for (const Record& record : records)
    {
        counts.add(record.verdict);
    }
    return counts;
}

bool Run::unexpected(const Record& record) const
{
    const Outcome outcome = record.verdict.outcome;
    return !expect.empty() &&
           !(record.expected ? record.expected->allows(outcome)
                             : outcome == Outcome::pass);
}

bool Run::flaky(const Record& record) const
{
    const auto allowed = [&record](const Attempt& one) {
        return record.expected && record.expected->allows(one.outcome);
    };
    return record.attempts.size() > 1 &&
           !std::ranges::all_of(record.attempts, allowed);
}

Standing Run::standing(const Record& record) const
{
    if (flaky(record))
    {
        return Standing::broken;
    }
    switch (record.verdict.outcome)
    {
        case Outcome::notTested: // whatever was expected, it is not known
            return Standing::skipped;
        case Outcome::notApplicable:
            return unexpected(record) ? Standing::broken : Standing::skipped;
        case Outcome::pass:
        case Outcome::info:
            return unexpected(record) ? Standing::broken : Standing::held;
        case Outcome::warn:
        case Outcome::fail:
            break;
    }
    const bool counts = expect.empty()
                            ? strict || record.verdict.outcome == Outcome::fail
                            : unexpected(record);
    return counts ? Standing::broken : Standing::tolerated;
}

ExitCode Run::exitCode() const
{
    if (!error.empty())
    {
        return exitNotTested;
    }
    const bool differs = std::ranges::any_of(
        records, [this](const Record& record) { return flaky(record); });
    if (expect.empty())
    {
        return differs ? exitViolates : exitCodeOf(counts(), strict);
    }
    bool cutOff = counts().judged() == 0;
    for (const Record& record : records)
    {
        if (standing(record) == Standing::broken)
        {
            return exitViolates;
        }
        cutOff = cutOff || (record.verdict.outcome == Outcome::notTested &&
                            !record.verdict.withheld && unexpected(record));
    }
    return cutOff ? exitNotTested : exitConforms;
}

uint64_t Run::seedOf(const Record& record) const
{
    const auto seen = std::ranges::find(record.attempts, record.verdict.outcome,
                                        &Attempt::outcome);
    return seen == record.attempts.end() ? seed : seen->seed;
}

std::string Run::repeatOf(const Record& record) const
{
    return fmt::format("{} --only {} --seed {}", repeat, record.id,
                       seedOf(record));
}

namespace
{

int badness(Outcome outcome)
{
    switch (outcome)
    {
        case Outcome::fail:
            return 3;
        case Outcome::warn:
            return 2;
        case Outcome::notTested:
            return 1;
        case Outcome::pass:
        case Outcome::info:
        case Outcome::notApplicable:
            break;
    }
    return 0;
}

} // namespace

void addRound(Record& all, Record next, uint64_t seed)
{
    const Outcome outcome = next.verdict.outcome;
    const auto seen = std::ranges::find(all.attempts, outcome,
                                        &Attempt::outcome);
    if (seen != all.attempts.end())
    {
        ++seen->count;
    }
    else
    {
        all.attempts.push_back({outcome, 1, seed, next.verdict.got});
    }
    all.seconds += next.seconds;
    if (badness(outcome) > badness(all.verdict.outcome))
    {
        all.verdict = std::move(next.verdict);
        all.wire = std::move(next.wire);
    }
}

std::string timeText()
{
    return fmt::format("{:%FT%TZ}",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(
                           std::chrono::system_clock::now())));
}

std::string casesText(size_t count)
{
    return fmt::format("{} {}", count, count == 1 ? "case" : "cases");
}

std::string describe(const Expected& expected)
{
    std::string text;
    for (const Outcome outcome : expected.verdicts)
    {
        text += fmt::format("{}{}", text.empty() ? "" : " or ",
                            nameOf(outcome));
    }
    return text;
}

std::string describe(const std::vector<Attempt>& attempts)
{
    std::string text;
    for (const Attempt& one : attempts)
    {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", one.count,
                            nameOf(one.outcome));
    }
    return text;
}

} // namespace conformance
