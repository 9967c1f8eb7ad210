// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "conformance/nbd/selection.hpp"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance::nbd
{

using testing::HasSubstr;

TEST(AllCases, everyRowIsReady)
{
    std::set<std::string_view> ids;
    for (const Case* one : casesLike(""))
    {
        EXPECT_TRUE(ids.insert(one->id).second) << one->id << " is there twice";
        EXPECT_EQ(one->id.find_first_not_of("abcdefghijklmnopqrstuvwxyz-."),
                  std::string_view::npos)
            << one->id << ": an id says what, and has no number";
        EXPECT_TRUE(one->id.starts_with("nbd.")) << one->id;
        EXPECT_TRUE(one->spec.starts_with("proto.md, ")) << one->id;
        EXPECT_FALSE(one->says.empty()) << one->id;
        EXPECT_FALSE(one->sends.empty()) << one->id;
        EXPECT_FALSE(one->wants.empty()) << one->id;
    }
}

TEST(AllCases, theLevelIsTheSpecsOwnWord)
{
    for (const Case* one : casesLike(""))
    {
        if (one->level == Level::should)
        {
            EXPECT_THAT(one->says, HasSubstr("SHOULD")) << one->id;
        }
    }
}

TEST(Select, takesAllWithoutOptionsAndKeepsTheirOrder)
{
    const auto selected = select({});
    ASSERT_TRUE(selected);
    const auto all = casesLike("");
    ASSERT_EQ(selected->size(), all.size());
    EXPECT_EQ(selected->front().what, all.front());
    EXPECT_EQ(selected->back().what, all.back());
}

TEST(Select, onlyAndSkipAreGlobs)
{
    const auto selected = select(
        {.only = {"nbd.option.list", "nbd.*.magic"}, .skip = {"*.data-*"}});
    ASSERT_TRUE(selected);
    for (const Selected& one : *selected)
    {
        EXPECT_TRUE(one.what->id.starts_with("nbd.option.list.") ||
                    one.what->id == "nbd.greeting.magic")
            << one.what->id;
        EXPECT_EQ(one.what->id.find(".data-"), std::string_view::npos);
    }
    EXPECT_EQ(selected->size(), 6U);
}

TEST(Select, aLevelTakesWhatIsAsBindingOrMore)
{
    const auto musts = select({.level = Level::must});
    const auto shoulds = select({.level = Level::should});
    ASSERT_TRUE(musts && shoulds);
    EXPECT_LT(musts->size(), shoulds->size());
    for (const Selected& one : *shoulds)
    {
        EXPECT_TRUE(one.what->level == Level::must ||
                    one.what->level == Level::should)
            << one.what->id;
    }
}

TEST(Select, refusesAPatternWithoutACaseAndAnEmptySelection)
{
    const auto slip = select({.only = {"nbd.greeting", "nbd.opton"}});
    ASSERT_FALSE(slip);
    EXPECT_THAT(describe(slip.error()), HasSubstr("'nbd.opton'"));
    EXPECT_FALSE(select({.only = {"nbd.greeting"}, .skip = {"*"}}));
}

} // namespace conformance::nbd
