// SPDX-License-Identifier: Apache-2.0
#include "record.hpp"
#include "sample_run.hpp"
#include "text_report.hpp"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance
{

using testing::HasSubstr;

namespace
{

/// A run of @p verdicts.size() rounds of one case.
Run roundsOf(const std::vector<Verdict>& verdicts)
{
    Run run = aRun();
    run.rounds = static_cast<unsigned>(verdicts.size());
    Record all = record("nbd.a", Level::must, verdicts.front());
    all.attempts = {{all.verdict.outcome, 1, run.seed, all.verdict.got}};
    for (size_t i = 1; i < verdicts.size(); ++i)
    {
        addRound(all, record("nbd.a", Level::must, verdicts[i]), run.seed + i);
    }
    run.records = {std::move(all)};
    return run;
}

} // namespace

TEST(Rounds, theWorstVerdictIsTheCasesAndItsSeedRepeatsIt)
{
    const conformance::Run run = roundsOf(
        {passed(), passed(), failed("silence"), passed(), failed("noise")});
    const Record& all = run.records.front();
    EXPECT_EQ(describe(all.attempts), "3 pass, 2 fail");
    EXPECT_EQ(all.verdict.outcome, Outcome::fail);
    EXPECT_EQ(all.verdict.got, "silence");
    EXPECT_THAT(run.repeatOf(all), HasSubstr("--only nbd.a --seed 9"));
    EXPECT_TRUE(run.flaky(all));
    EXPECT_EQ(run.exitCode(), exitViolates);
}

TEST(Rounds, aDifferenceBetweenVerdictsThatHoldCountsToo)
{
    const conformance::Run run = roundsOf({passed(), noted("a choice")});
    EXPECT_EQ(run.records.front().verdict.outcome, Outcome::pass);
    EXPECT_EQ(run.standing(run.records.front()), Standing::broken);
    EXPECT_EQ(run.exitCode(), exitViolates);
}

TEST(Rounds, theSameVerdictInEachIsThatOfOne)
{
    EXPECT_EQ(roundsOf({passed(), passed()}).exitCode(), exitConforms);
    const conformance::Run run =
        roundsOf({failed("silence"), failed("silence")});
    EXPECT_FALSE(run.flaky(run.records.front()));
    EXPECT_EQ(run.exitCode(), exitViolates);
}

TEST(Rounds, severalVerdictsMayBeExpected)
{
    conformance::Run run = roundsOf({passed(), failed("silence")});
    run.expect = "known.toml";
    run.records.front().expected = Expected{{Outcome::fail, Outcome::pass},
                                            "it races"};
    EXPECT_EQ(run.exitCode(), exitConforms);
    run.records.front().expected = Expected{{Outcome::fail}, "it fails"};
    EXPECT_EQ(run.exitCode(), exitViolates);
}

TEST(Rounds, theTextTellsWhatDiffered)
{
    const conformance::Run run = roundsOf({passed(), failed("silence")});
    std::ostringstream out;
    TextReport report(out, false);
    report.round(run, 1, {"nbd.a"});
    report.end(run, 1);
    EXPECT_THAT(out.str(), HasSubstr("round 2 of 2  seed 8  1 differs: nbd.a"));
    EXPECT_THAT(out.str(), HasSubstr("\n  nbd.a  1 pass, 1 fail\n"
                                     "    fail, seed 8: silence\n"));
    EXPECT_THAT(out.str(), HasSubstr("1 case, 2 times: 1 fail"));
}

} // namespace conformance
