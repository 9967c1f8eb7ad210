// SPDX-License-Identifier: Apache-2.0
#include "baseline.hpp"

#include "conformance/plain_text.hpp"

#include <fmt/format.h>

namespace conformance
{

namespace
{

/// A basic string of TOML. plainText() leaves no control byte in it.
std::string quoted(std::string_view text)
{
    std::string safe;
    for (const char c : plainText(text))
    {
        safe += c == '"' || c == '\\' ? fmt::format("\\{}", c)
                                      : std::string(1, c);
    }
    return fmt::format("\"{}\"", safe);
}

std::string verdictsOf(const Record& record)
{
    if (record.attempts.size() < 2)
    {
        return quoted(nameOf(record.verdict.outcome));
    }
    std::string list;
    for (const Attempt& one : record.attempts)
    {
        list += fmt::format("{}{}", list.empty() ? "" : ", ",
                            quoted(nameOf(one.outcome)));
    }
    return fmt::format("[{}]", list);
}

std::string reasonOf(const Run& run, const Record& record)
{
    if (record.expected && !run.unexpected(record) && !run.flaky(record))
    {
        return record.expected->why;
    }
    return record.verdict.got.empty() ? "the reason is not known"
                                      : record.verdict.got;
}

} // namespace

void writeBaseline(const Run& run, std::ostream& out)
{
    out << fmt::format("# {}, {}, seed {}, {}\n", plainText(run.suite),
                       plainText(run.target), run.seed, plainText(run.began))
        << "# Every case that is not named here passes.\n";
    for (const Record& record : run.records)
    {
        const Outcome outcome = record.verdict.outcome;
        if (outcome == Outcome::notTested)
        {
            out << fmt::format("\n# {} was not tested: {}\n",
                               plainText(record.id),
                               plainText(record.verdict.got));
        }
        else if (outcome != Outcome::pass || record.attempts.size() > 1)
        {
            out << fmt::format("\n[{}]\nverdict = {}\nwhy = {}\n",
                               quoted(record.id), verdictsOf(record),
                               quoted(reasonOf(run, record)));
        }
    }
}

} // namespace conformance
