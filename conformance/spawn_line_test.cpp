// SPDX-License-Identifier: Apache-2.0
#include "spawn_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance
{

using testing::ElementsAre;

TEST(SpawnLine, blanksPartWords)
{
    EXPECT_THAT(*splitLine("  nbdkit -f\t-U {socket} memory 1M "),
                ElementsAre("nbdkit", "-f", "-U", "{socket}", "memory", "1M"));
}

TEST(SpawnLine, quotesAndABackslashKeepWordsTogether)
{
    EXPECT_THAT(*splitLine(R"(sh -c 'exec "$0" a\b' one\ word "a 'b' \"c\"")"),
                ElementsAre("sh", "-c", R"(exec "$0" a\b)", "one word",
                            R"(a 'b' "c")"));
    EXPECT_THAT(*splitLine("a''b \"\""), ElementsAre("ab", ""));
}

TEST(SpawnLine, nothingIsExpanded)
{
    EXPECT_THAT(*splitLine("echo $HOME * ~"),
                ElementsAre("echo", "$HOME", "*", "~"));
}

TEST(SpawnLine, refusesAnOpenQuoteAndAnEmptyLine)
{
    EXPECT_EQ(splitLine("nbdkit 'x").error().code, vmedia::Errc::usage);
    EXPECT_EQ(splitLine("  ").error().code, vmedia::Errc::usage);
}

TEST(SpawnLine, fillsInWhatItKnowsAndLeavesOtherBraces)
{
    EXPECT_EQ(filled("-U {socket} {socket}.pid {other}",
                     {{"socket", "/tmp/{socket}"}}),
              "-U /tmp/{socket} /tmp/{socket}.pid {other}");
}

} // namespace conformance
