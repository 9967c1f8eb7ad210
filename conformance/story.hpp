// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/record.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace conformance
{

/// A line of a story: "got", "silence". A line that goes on has no label.
struct StoryLine
{
    std::string_view label;
    std::string text;
};

/// All that a report tells of a case that did not pass, as plainText(): what
/// was sent, wanted and got, the sentence, the wire, and how to run it again.
std::vector<StoryLine> storyLines(const Run& run, const Record& record);

/// The same as lines of text, labels in a column.
std::string story(const Run& run, const Record& record);

/// It in one line: "fail: silence; wanted an answer". With --expect also what
/// was expected, if that is something else.
std::string headline(const Run& run, const Record& record);

} // namespace conformance
