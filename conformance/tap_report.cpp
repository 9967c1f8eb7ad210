// SPDX-License-Identifier: Apache-2.0
#include "tap_report.hpp"

#include "conformance/plain_text.hpp"
#include "conformance/story.hpp"
#include "conformance/wire/message.hpp"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>

namespace conformance
{

namespace
{

/// A string of JSON is one of YAML.
std::string quoted(std::string_view text)
{
    return boost::json::serialize(boost::json::string(plainText(text)));
}

void writeStory(const Run& run, const Record& record, std::ostream& out)
{
    out << "  ---\n"
        << fmt::format("  message: {}\n", quoted(headline(run, record)))
        << fmt::format("  severity: {}\n",
                       record.verdict.outcome == Outcome::warn ? "comment"
                                                               : "fail")
        << fmt::format("  level: {}\n", nameOf(record.level))
        << fmt::format("  sent: {}\n", quoted(record.sends))
        << fmt::format("  wanted: {}\n", quoted(record.wanted()))
        << fmt::format("  got: {}\n", quoted(record.verdict.got))
        << fmt::format("  spec: {}\n", quoted(record.spec))
        << fmt::format("  says: {}\n", quoted(record.says));
    if (!record.wire.entries.empty())
    {
        out << "  wire:\n";
        for (const std::string& line : linesOf(record.wire, run.suite))
        {
            out << fmt::format("    - {}\n", quoted(line));
        }
    }
    out << fmt::format("  repeat: {}\n", quoted(run.repeatOf(record)))
        << "  ...\n";
}

} // namespace

void writeTap(const Run& run, std::ostream& out)
{
    out << "TAP version 13\n"
        << fmt::format("1..{}\n", run.records.size())
        << fmt::format("# vmedia-conform {} {}\n", plainText(run.version),
                       plainText(run.suite))
        << fmt::format("# target {}\n", plainText(run.target))
        << fmt::format("# seed {}\n", run.seed);
    size_t number = 0;
    for (const Record& record : run.records)
    {
        ++number;
        const auto line = [&](std::string_view result,
                              std::string_view directive) {
            out << fmt::format("{} {} - {}{}\n", result, number,
                               plainText(record.id), plainText(directive));
        };
        const std::string got = fmt::format(
            "{}: {}", nameOf(record.verdict.outcome), record.verdict.got);
        switch (run.standing(record))
        {
            case Standing::held:
                line("ok", "");
                break;
            case Standing::skipped:
                line("ok", " # SKIP " + got);
                break;
            case Standing::tolerated:
                line("not ok",
                     " # TODO " +
                         (record.expected ? record.expected->why : got));
                writeStory(run, record, out);
                break;
            case Standing::broken:
                line("not ok", "");
                writeStory(run, record, out);
                break;
        }
    }
    if (!run.error.empty())
    {
        out << fmt::format("Bail out! {}\n", plainText(run.error));
    }
}

} // namespace conformance
