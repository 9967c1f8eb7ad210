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

Standing Run::standing(const Record& record) const
{
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
    if (expect.empty())
    {
        return exitCodeOf(counts(), strict);
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

std::string Run::repeatOf(const Record& record) const
{
    return fmt::format("{} --only {} --seed {}", repeat, record.id, seed);
}

std::string timeText()
{
    return fmt::format("{:%FT%TZ}",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(
                           std::chrono::system_clock::now())));
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

} // namespace conformance
