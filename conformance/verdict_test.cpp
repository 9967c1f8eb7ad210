// SPDX-License-Identifier: Apache-2.0
#include "verdict.hpp"

#include <gtest/gtest.h>

namespace conformance
{

namespace
{

ExitCode exitOf(std::initializer_list<Outcome> outcomes, bool strict = false)
{
    Counts counts;
    for (const Outcome outcome : outcomes)
    {
        counts.add({.outcome = outcome});
    }
    return exitCodeOf(counts, strict);
}

} // namespace

TEST(Verdict, aMissedShouldIsAWarning)
{
    EXPECT_EQ(judged(failed("x"), Level::should).outcome, Outcome::warn);
    EXPECT_EQ(judged(failed("x"), Level::must).outcome, Outcome::fail);
    EXPECT_EQ(judged(failed("x"), Level::robustness).outcome, Outcome::fail);
    EXPECT_EQ(judged(passed(), Level::should).outcome, Outcome::pass);
    EXPECT_EQ(judged(notApplicable("x"), Level::should).outcome,
              Outcome::notApplicable);
}

TEST(Verdict, whatWasWithheldIsNotMissed)
{
    Counts counts;
    counts.add(withheld("would write"));
    EXPECT_EQ(exitCodeOf(counts, false), exitNotTested); // nothing ran at all
    counts.add(passed());
    EXPECT_EQ(exitCodeOf(counts, false), exitConforms);
    counts.add(notTested("interrupted"));
    EXPECT_EQ(exitCodeOf(counts, false), exitNotTested);
    EXPECT_EQ(counts.notTested, 2);
}

TEST(Verdict, aWarningFailsOnlyAStrictRun)
{
    EXPECT_EQ(exitOf({Outcome::pass, Outcome::warn}), exitConforms);
    EXPECT_EQ(exitOf({Outcome::pass, Outcome::warn}, true), exitViolates);
    EXPECT_EQ(exitOf({Outcome::pass, Outcome::info}, true), exitConforms);
}

TEST(Verdict, aFailureOutweighsWhatCouldNotBeTested)
{
    EXPECT_EQ(exitOf({Outcome::fail, Outcome::notTested}), exitViolates);
    EXPECT_EQ(exitOf({Outcome::pass, Outcome::notTested}), exitNotTested);
}

TEST(Verdict, aSkipIsNeverAPass)
{
    EXPECT_EQ(exitOf({Outcome::pass, Outcome::notApplicable}), exitConforms);
    EXPECT_EQ(exitOf({Outcome::notApplicable}), exitNotTested);
    EXPECT_EQ(exitOf({}), exitNotTested);
}

TEST(Verdict, countsLeaveOutWhatIsZero)
{
    EXPECT_EQ(describe(Counts{.pass = 3, .notApplicable = 1}),
              "3 pass, 1 not applicable");
    EXPECT_EQ(describe(Counts{}), "nothing ran");
}

} // namespace conformance
