// SPDX-License-Identifier: Apache-2.0
#include "glob.hpp"

#include <gtest/gtest.h>

namespace conformance
{

TEST(Glob, aPlainPatternSelectsTheIdAndWhatLiesBelowIt)
{
    EXPECT_TRUE(globMatches("nbd.option.list", "nbd.option.list"));
    EXPECT_TRUE(globMatches("nbd.option.list", "nbd.option.list.twice"));
    EXPECT_FALSE(globMatches("nbd.option.li", "nbd.option.list"));
    EXPECT_FALSE(globMatches("option", "nbd.option.list"));
}

TEST(Glob, aStarStandsForAnyRunAndAQuestionMarkForOne)
{
    EXPECT_TRUE(globMatches("*", "nbd.greeting.magic"));
    EXPECT_TRUE(globMatches("nbd.*.magic", "nbd.greeting.magic"));
    EXPECT_TRUE(globMatches("*ma*c*", "nbd.greeting.magic"));
    EXPECT_TRUE(globMatches("nbd.??.known", "nbd.go.known"));
    EXPECT_FALSE(globMatches("nbd.??.known", "nbd.info.known"));
    EXPECT_FALSE(globMatches("nbd.*", "nbd"));
    EXPECT_FALSE(globMatches("*.magi", "nbd.greeting.magic"));
}

TEST(Glob, aStarTriesAgainFurtherOn)
{
    EXPECT_TRUE(globMatches("*ab", "aab"));
    EXPECT_TRUE(globMatches("*a*b*c", "xaxbxbxc"));
    EXPECT_FALSE(globMatches("*a*b*c", "xaxcxb"));
}

} // namespace conformance
