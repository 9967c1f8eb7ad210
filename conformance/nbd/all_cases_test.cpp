// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"

#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance::nbd
{

using testing::HasSubstr;

namespace
{

std::vector<const Case*> allCases()
{
    std::vector<const Case*> all;
    for (const Area* area : serverAreas())
    {
        for (const Case& one : area->cases)
        {
            all.push_back(&one);
        }
    }
    return all;
}

} // namespace

TEST(AllCases, everyRowIsReady)
{
    std::set<std::string_view> ids;
    for (const Case* one : allCases())
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

TEST(AllCases, areFoundById)
{
    for (const Case* one : allCases())
    {
        EXPECT_EQ(findCase(one->id), one);
    }
    EXPECT_EQ(findCase("nbd.option"), nullptr);
}

TEST(AllCases, theLevelIsTheSpecsOwnWord)
{
    for (const Case* one : allCases())
    {
        if (one->level == Level::should)
        {
            EXPECT_THAT(one->says, HasSubstr("SHOULD")) << one->id;
        }
    }
}

} // namespace conformance::nbd
