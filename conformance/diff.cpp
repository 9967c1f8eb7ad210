// SPDX-License-Identifier: Apache-2.0
#include "diff.hpp"

#include "conformance/markdown_report.hpp"
#include "conformance/plain_text.hpp"
#include "conformance/story.hpp"

#include <fmt/format.h>

#include <map>

namespace conformance
{

namespace
{

/// How bad a verdict is beside another. What was not tested may be anything:
/// worse than a pass, better than a failure that is known.
int badness(Outcome outcome)
{
    switch (outcome)
    {
        case Outcome::pass:
        case Outcome::info:
        case Outcome::notApplicable:
            return 0;
        case Outcome::notTested:
            return 1;
        case Outcome::warn:
            return 2;
        case Outcome::fail:
            break;
    }
    return 3;
}

struct Part
{
    const char* title;
    const std::vector<Change>& changes;
};

std::vector<Part> partsOf(const Diff& diff)
{
    // What matters most comes last, where a reader's eye is.
    return {{"Gone", diff.gone},
            {"New cases", diff.added},
            {"Changed otherwise", diff.other},
            {"Fixed", diff.fixed},
            {"Worse", diff.worse}};
}

std::string verdictsOf(const Change& change)
{
    if (change.before == nullptr)
    {
        return std::string(nameOf(change.after->verdict.outcome));
    }
    const auto was = nameOf(change.before->verdict.outcome);
    return change.after == nullptr
               ? fmt::format("was {}", was)
               : fmt::format("{} -> {}", was,
                             nameOf(change.after->verdict.outcome));
}

std::string_view idOf(const Change& change)
{
    return (change.after != nullptr ? change.after : change.before)->id;
}

std::string summary(const Diff& diff)
{
    return fmt::format(
        "{} worse, {} fixed, {} changed otherwise, {} new, {} gone, {} the "
        "same",
        diff.worse.size(), diff.fixed.size(), diff.other.size(),
        diff.added.size(), diff.gone.size(), diff.same);
}

/// Whether the new run's own words belong to a change.
bool tells(const Change& change)
{
    return change.after != nullptr && !change.after->verdict.got.empty();
}

} // namespace

Diff diff(const Run& before, const Run& after)
{
    Diff found{before, after};
    std::map<std::string_view, const Record*> old;
    for (const Record& record : before.records)
    {
        old.emplace(record.id, &record);
    }
    for (const Record& record : after.records)
    {
        const auto known = old.find(record.id);
        if (known == old.end())
        {
            found.added.push_back({nullptr, &record});
            continue;
        }
        const Change change{known->second, &record};
        old.erase(known);
        const Outcome was = change.before->verdict.outcome;
        const Outcome is = record.verdict.outcome;
        if (was == is)
        {
            ++found.same;
        }
        else if (badness(was) != badness(is))
        {
            (badness(is) > badness(was) ? found.worse : found.fixed)
                .push_back(change);
        }
        else
        {
            found.other.push_back(change);
        }
    }
    for (const Record& record : before.records)
    {
        if (old.contains(record.id))
        {
            found.gone.push_back({&record, nullptr});
        }
    }
    return found;
}

void writeText(const Diff& diff, std::ostream& out)
{
    for (const auto& [label, run] :
         {std::pair<const char*, const Run&>{"before", diff.before},
          {"after", diff.after}})
    {
        out << fmt::format("{:<6}  {}  {}  {}\n", label, plainText(run.began),
                           plainText(run.target), describe(run.counts()));
    }
    for (const auto& [title, changes] : partsOf(diff))
    {
        if (changes.empty())
        {
            continue;
        }
        out << fmt::format("\n{} ({})\n", title, changes.size());
        for (const Change& change : changes)
        {
            out << fmt::format("  {}  {}\n", plainText(idOf(change)),
                               verdictsOf(change));
            if (tells(change))
            {
                out << fmt::format("    got     {}\n",
                                   plainText(change.after->verdict.got));
            }
            if (&changes == &diff.worse)
            {
                out << fmt::format(
                    "    wanted  {}\n    repeat  {}\n",
                    plainText(change.after->wanted()),
                    plainText(diff.after.repeatOf(*change.after)));
            }
        }
    }
    out << fmt::format("\n{}\n", summary(diff));
}

void writeMarkdown(const Diff& diff, std::ostream& out)
{
    constexpr size_t most = 60000; // GitHub takes 65536 characters
    out << fmt::format("### {}: {}\n\n{}\n", markdownText(diff.after.suite),
                       diff.worse.empty() ? "nothing got worse"
                                          : "something got worse",
                       summary(diff));
    const auto parts = partsOf(diff);
    size_t used = 0;
    size_t left = 0;
    for (auto part = parts.rbegin(); part != parts.rend(); ++part)
    {
        if (part->changes.empty())
        {
            continue;
        }
        out << fmt::format(
            "\n**{}**\n\n| case | verdict | got |\n|---|---|---|\n",
            part->title);
        for (const Change& change : part->changes)
        {
            const std::string row = fmt::format(
                "| {} | {} | {} |\n", markdownText(idOf(change)),
                markdownText(verdictsOf(change)),
                tells(change) ? markdownText(change.after->verdict.got) : "");
            used += row.size();
            if (used > most)
            {
                ++left;
                continue;
            }
            out << row;
        }
    }
    if (left != 0)
    {
        out << fmt::format("\n… and {} more, which would be too long here.\n",
                           left);
    }
}

} // namespace conformance
