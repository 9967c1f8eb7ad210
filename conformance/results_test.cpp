// SPDX-License-Identifier: Apache-2.0
#include "results.hpp"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance
{

using testing::HasSubstr;
using testing::Not;

namespace
{

class Reported : public testing::Test
{
  protected:
    Reported()
    {
        for (const auto& [id, area] :
             {std::pair<std::string_view, std::string_view>{"x.a", "first"},
              {"x.b", "first"},
              {"x.c", "second"}})
        {
            selection.rows.push_back({.id = id,
                                      .area = area,
                                      .level = Level::must,
                                      .spec = "1.2",
                                      .says = "MUST",
                                      .sends = "a thing",
                                      .wants = "an answer"});
        }
    }

    Record seen(size_t row, Verdict verdict) const
    {
        Record record = recordOf(selection.rows[row]);
        record.verdict = std::move(verdict);
        return record;
    }

    Selection selection{};
    conformance::Run all{};
    std::ostringstream out;
    TextReport report{out, false};
};

} // namespace

TEST_F(Reported, inTheOrderOfTheCases)
{
    Results results(selection, all, report);
    results.add({0, 2}, seen(2, passed()));
    results.add({0, 1}, seen(1, passed()));
    EXPECT_TRUE(out.str().empty());
    results.add({0, 0}, seen(0, failed("silence")));
    results.close("");
    EXPECT_EQ(out.str(), "\nfirst\n  FAIL  x.a\n  pass  x.b\n  1 pass, 1 fail\n"
                         "\nsecond\n  pass  x.c\n  1 pass\n");
    EXPECT_EQ(results.missing(), 0U);
}

TEST_F(Reported, whatHasNoResultAsNotTested)
{
    Results results(selection, all, report);
    results.add({0, 1}, seen(1, passed()));
    results.close("interrupted");
    ASSERT_EQ(all.records.size(), 3U);
    EXPECT_EQ(all.records[0].verdict.got, "interrupted");
    EXPECT_EQ(all.records[1].verdict.outcome, Outcome::pass);
    EXPECT_EQ(all.records[2].verdict.outcome, Outcome::notTested);
    EXPECT_EQ(results.missing(), 2U);
}

TEST_F(Reported, ofARoundThatWasCutOffWhatThereIs)
{
    all.rounds = 2;
    all.seed = 5;
    Results results(selection, all, report);
    for (size_t row = 0; row < 3; ++row)
    {
        results.add({0, row}, seen(row, passed()));
    }
    results.add({1, 1}, seen(1, failed("silence")));
    results.close("interrupted");
    EXPECT_EQ(describe(all.records[0].attempts), "1 pass");
    EXPECT_EQ(describe(all.records[1].attempts), "1 pass, 1 fail");
    EXPECT_EQ(all.records[1].attempts[1].seed, 6U);
    EXPECT_THAT(out.str(), HasSubstr("\nround 1 of 2  seed 5\n"));
    EXPECT_THAT(out.str(), Not(HasSubstr("round 2")));
}

} // namespace conformance
