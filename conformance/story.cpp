// SPDX-License-Identifier: Apache-2.0
#include "story.hpp"

#include "conformance/plain_text.hpp"
#include "conformance/wire/message.hpp"

#include <fmt/format.h>

namespace conformance
{

std::vector<StoryLine> storyLines(const Run& run, const Record& record)
{
    std::vector<StoryLine> lines;
    const auto add = [&](std::string_view label, std::string_view text) {
        if (!text.empty())
        {
            lines.push_back({label, plainText(text)});
        }
    };
    if (run.unexpected(record))
    {
        add("expect", record.expected
                          ? fmt::format("{}: {}", describe(*record.expected),
                                        record.expected->why)
                          : "pass");
    }
    else if (record.expected)
    {
        add("why", record.expected->why);
    }
    add("sent", record.sends);
    add("wanted", record.wanted());
    add("got", record.verdict.got);
    add("spec", fmt::format("\"{}\"", record.says));
    add("", record.spec);
    bool first = true;
    for (const std::string& line : linesOf(record.wire, run.suite))
    {
        add(first ? "wire" : "", line);
        first = false;
    }
    if (record.attempts.size() > 1)
    {
        add("rounds", describe(record.attempts));
    }
    add("repeat", run.repeatOf(record));
    return lines;
}

std::string story(const Run& run, const Record& record)
{
    std::string text;
    for (const StoryLine& line : storyLines(run, record))
    {
        text += fmt::format("{:<7} {}\n", line.label, line.text);
    }
    return text;
}

std::string headline(const Run& run, const Record& record)
{
    std::string text(nameOf(record.verdict.outcome));
    if (run.unexpected(record))
    {
        text += fmt::format(", expected {}", record.expected
                                                 ? describe(*record.expected)
                                                 : "pass");
    }
    if (run.flaky(record))
    {
        text += fmt::format(", flaky ({})", describe(record.attempts));
    }
    if (!record.verdict.got.empty())
    {
        text += ": " + record.verdict.got;
    }
    const Outcome outcome = record.verdict.outcome;
    if (outcome == Outcome::fail || outcome == Outcome::warn)
    {
        text += fmt::format("; wanted {}", record.wanted());
    }
    return plainText(text);
}

} // namespace conformance
