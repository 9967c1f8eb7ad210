// SPDX-License-Identifier: Apache-2.0
#include "line_splitter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sim
{
using testing::ElementsAre;
using testing::IsEmpty;

TEST(LineSplitter, aLineMayComeInPieces)
{
    LineSplitter splitter;
    EXPECT_THAT(splitter.feed("ab"), IsEmpty());
    EXPECT_EQ(splitter.pending(), "ab");
    EXPECT_THAT(splitter.feed("c\r\nd"), ElementsAre("abc"));
    EXPECT_EQ(splitter.pending(), "d");
}

TEST(LineSplitter, emptyLinesAreLines)
{
    LineSplitter splitter;
    EXPECT_THAT(splitter.feed("\n\r\n"), ElementsAre("", ""));
}

TEST(LineSplitter, dropsEscapeSequencesWhereverTheyAreCut)
{
    // What SeaBIOS 1.16 sends before its banner.
    const std::string text = "\x1b"
                             "c\x1b[?7l\x1b[2J\x1b[0mSea\x1b(BBIOS\r\n";
    for (size_t cut = 0; cut <= text.size(); ++cut)
    {
        LineSplitter splitter;
        auto lines = splitter.feed(text.substr(0, cut));
        for (auto& line : splitter.feed(text.substr(cut)))
        {
            lines.push_back(line);
        }
        EXPECT_THAT(lines, ElementsAre("SeaBIOS")) << cut;
    }
}

TEST(LineSplitter, aSequenceThatNeverEndsCostsOneLineOnly)
{
    LineSplitter splitter;
    EXPECT_THAT(splitter.feed("a\x1b[12\nb\n"), ElementsAre("a", "b"));
}

TEST(LineSplitter, aLineWithoutEndIsCut)
{
    LineSplitter splitter;
    EXPECT_EQ(splitter.feed(std::string(5000, 'x')).size(), 1U);
}

} // namespace sim
