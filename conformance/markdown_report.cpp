// SPDX-License-Identifier: Apache-2.0
#include "markdown_report.hpp"

#include "conformance/plain_text.hpp"
#include "conformance/story.hpp"

#include <fmt/format.h>

#include <vector>

namespace conformance
{

namespace
{

constexpr size_t mostBytes = 60000; // what follows needs some too

std::string_view standingOf(const Run& run)
{
    switch (run.exitCode())
    {
        case exitConforms:
            return run.expect.empty() ? "conforms" : "deviates as expected";
        case exitViolates:
            return run.expect.empty() ? "does not conform" : "not as expected";
        default:
            return "could not be tested";
    }
}

struct AreaCounts
{
    std::string_view area;
    Counts counts;
};

std::vector<AreaCounts> byArea(const Run& run)
{
    std::vector<AreaCounts> areas;
    for (const Record& record : run.records)
    {
        if (areas.empty() || areas.back().area != record.area)
        {
            areas.push_back({record.area, {}});
        }
        areas.back().counts.add(record.verdict);
    }
    return areas;
}

std::string row(std::string_view name, const Counts& counts)
{
    const auto cell = [](int count) {
        return count == 0 ? std::string() : std::to_string(count);
    };
    return fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", name,
                       cell(counts.pass), cell(counts.fail), cell(counts.warn),
                       cell(counts.info), cell(counts.notApplicable),
                       cell(counts.notTested));
}

/// Raw HTML inside: a blank line or a fence in a peer's words ends nothing.
std::string folded(const Run& run, const Record& record)
{
    std::string text;
    for (const StoryLine& line : storyLines(run, record))
    {
        text += fmt::format("{:<7} {}\n", line.label, htmlText(line.text));
    }
    return fmt::format("<details><summary>{} <code>{}</code> ({})</summary>\n"
                       "<pre>{}</pre>\n</details>\n\n",
                       nameOf(record.verdict.outcome), htmlText(record.id),
                       nameOf(record.level), text);
}

void writeFolded(const Run& run, std::ostream& out)
{
    size_t used = 0;
    size_t left = 0;
    for (const Outcome outcome :
         {Outcome::fail, Outcome::warn, Outcome::notApplicable, Outcome::info,
          Outcome::pass})
    {
        for (const Record& record : run.records)
        {
            const bool tells = run.standing(record) == Standing::broken ||
                               run.standing(record) == Standing::tolerated;
            if (record.verdict.outcome != outcome || !tells)
            {
                continue;
            }
            const std::string text = folded(run, record);
            used += text.size();
            if (used > mostBytes)
            {
                ++left;
                continue;
            }
            out << text;
        }
    }
    if (left != 0)
    {
        out << fmt::format("… and {} more, which would be too long here.\n",
                           left);
    }
}

} // namespace

std::string markdownText(std::string_view text)
{
    constexpr std::string_view special = "\\`*_{}[]()<>#+-!|~@&$:";
    std::string safe;
    for (const char c : plainText(text))
    {
        safe += special.find(c) == special.npos
                    ? std::string(1, c)
                    : fmt::format("&#{};", static_cast<int>(c));
    }
    return safe;
}

void writeMarkdown(const Run& run, std::ostream& out)
{
    out << fmt::format("### {}: {}\n\n", markdownText(run.suite),
                       standingOf(run))
        << fmt::format("{}: {} in {:.1f} s\n\n", casesText(run.records.size()),
                       describe(run.counts()), run.seconds);
    if (!run.error.empty())
    {
        out << fmt::format("**Not tested:** {}\n\n", markdownText(run.error));
    }
    out << "| area | pass | fail | warn | info | n/a | not tested |\n"
           "|---|---:|---:|---:|---:|---:|---:|\n";
    for (const AreaCounts& area : byArea(run))
    {
        out << row(markdownText(area.area), area.counts);
    }
    out << row("**all**", run.counts()) << '\n';
    writeFolded(run, out);
    out << fmt::format("target {}, seed {}, vmedia&#45;conform {} {}, {}\n",
                       markdownText(run.target), run.seed,
                       markdownText(run.version), markdownText(run.commit),
                       markdownText(run.began));
}

} // namespace conformance
