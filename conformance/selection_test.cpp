// SPDX-License-Identifier: Apache-2.0
#include "selection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance
{

using testing::ElementsAre;
using testing::HasSubstr;

namespace
{

std::vector<Row> someRows()
{
    std::vector<Row> rows;
    for (const auto& [id, level] :
         {std::pair<std::string_view, Level>{"x.a.one", Level::must},
          {"x.a.two", Level::should},
          {"x.ab", Level::may},
          {"x.b.one", Level::robustness}})
    {
        rows.push_back({.id = id,
                        .area = "area",
                        .level = level,
                        .spec = "1.2",
                        .says = "MUST",
                        .sends = "a thing",
                        .wants = "an answer"});
    }
    return rows;
}

std::vector<std::string_view> idsOf(const RunOptions& options)
{
    std::vector<std::string_view> ids;
    const auto selected = select(someRows(), options);
    for (const Row& row : selected.value())
    {
        ids.push_back(row.id);
    }
    return ids;
}

} // namespace

TEST(Select, takesAllWithoutOptionsAndKeepsTheirOrder)
{
    EXPECT_THAT(idsOf({}),
                ElementsAre("x.a.one", "x.a.two", "x.ab", "x.b.one"));
}

TEST(Select, onlyAndSkipAreBeginningsOrGlobs)
{
    EXPECT_THAT(idsOf({.only = {"x.a"}}), ElementsAre("x.a.one", "x.a.two"));
    EXPECT_THAT(idsOf({.only = {"*.one"}, .skip = {"x.b"}}),
                ElementsAre("x.a.one"));
}

TEST(Select, aLevelTakesWhatIsAsBindingOrMore)
{
    EXPECT_THAT(idsOf({.level = Level::must}), ElementsAre("x.a.one"));
    EXPECT_THAT(idsOf({.level = Level::should}),
                ElementsAre("x.a.one", "x.a.two"));
}

TEST(Select, refusesAPatternWithoutACaseAndAnEmptySelection)
{
    const auto slip = select(someRows(), {.only = {"x.a", "x.c"}});
    ASSERT_FALSE(slip);
    EXPECT_THAT(describe(slip.error()), HasSubstr("'x.c'"));
    EXPECT_FALSE(select(someRows(), {.only = {"x.a"}, .skip = {"*"}}));
}

} // namespace conformance
