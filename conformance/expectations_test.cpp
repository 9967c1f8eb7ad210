// SPDX-License-Identifier: Apache-2.0
#include "expectations.hpp"
#include "sample_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance
{

using testing::ElementsAre;
using testing::HasSubstr;

namespace
{

vmedia::Result<Expectations> parse(std::string_view text)
{
    return parseExpectations(text, "known.toml", [](std::string_view id) {
        return id.starts_with("nbd.");
    });
}

std::string complaint(std::string_view text)
{
    const auto found = parse(text);
    return found ? "none" : vmedia::describe(found.error());
}

/// aRun() with what deviates in it expected.
Run expectedRun()
{
    conformance::Run run = aRun();
    run.expect = "known.toml";
    run.records[1].expected = Expected{{Outcome::fail, Outcome::warn}, "old"};
    run.records[2].expected = Expected{{Outcome::info}, "a choice"};
    run.records[3].expected = Expected{{Outcome::notApplicable}, "none"};
    return run;
}

} // namespace

TEST(Expectations, takesAVerdictOrAListOfThem)
{
    const auto found = parse("[\"nbd.a\"]\nverdict = \"fail\"\nwhy = \"x\"\n"
                             "[\"nbd.b\"]\nverdict = [\"info\", \"not "
                             "applicable\"]\nwhy = \"y\"\n");
    ASSERT_TRUE(found);
    EXPECT_THAT(found->at("nbd.a").verdicts, ElementsAre(Outcome::fail));
    EXPECT_EQ(describe(found->at("nbd.b")), "info or not applicable");
    EXPECT_EQ(found->at("nbd.b").why, "y");
}

TEST(Expectations, refusesWhatSaysNothing)
{
    EXPECT_THAT(complaint("\n[\"ndb.a\"]\nverdict = \"fail\"\nwhy = \"x\""),
                HasSubstr("known.toml:2: 'ndb.a' is no case"));
    EXPECT_THAT(complaint("[\"nbd.a\"]\nverdict = \"bad\"\nwhy = \"x\""),
                HasSubstr("known.toml:2: 'nbd.a' has a verdict that is none"));
    EXPECT_THAT(complaint("[\"nbd.a\"]\nverdict = []\nwhy = \"x\""),
                HasSubstr("has a verdict that is none"));
    EXPECT_THAT(complaint("[\"nbd.a\"]\nverdict = \"fail\""),
                HasSubstr("has no reason"));
    EXPECT_THAT(complaint("[\"nbd.a\"]\nwhy = \"x\""),
                HasSubstr("has no verdict"));
    EXPECT_THAT(complaint("[\"nbd.a\"]\nverdit = \"fail\""),
                HasSubstr("known.toml:2: 'verdit' is no key here"));
    EXPECT_THAT(complaint("[\"nbd.a\""), HasSubstr("known.toml:1: "));
    EXPECT_THAT(complaint("\"nbd.a\" = 3"), HasSubstr("is no table"));
}

TEST(Expectations, whatAFileSaysItselfGoesBeforeWhatItIncludes)
{
    const auto any = [](std::string_view) { return true; };
    const auto found = parseExpectations(
        "include = \"base.toml\"\n[\"nbd.a\"]\nverdict = \"info\"\nwhy = "
        "\"here\"",
        "x.toml", any, [&](const std::string& name) {
        return parseExpectations(
            "[\"nbd.a\"]\nverdict = \"fail\"\nwhy = \"there\"\n"
            "[\"nbd.b\"]\nverdict = \"fail\"\nwhy = \"there\"",
            name, any);
    });
    ASSERT_TRUE(found) << describe(found.error());
    EXPECT_EQ(found->size(), 2U);
    EXPECT_EQ(found->at("nbd.a").why, "here");
    EXPECT_EQ(found->at("nbd.b").why, "there");
}

TEST(Expectations, exactlyTheseDeviationsGiveExit0)
{
    EXPECT_EQ(expectedRun().exitCode(), exitConforms);
}

TEST(Expectations, anUnexpectedPassOrFailureGivesExit1)
{
    conformance::Run mended = expectedRun();
    mended.records[1].verdict = passed();
    EXPECT_EQ(mended.exitCode(), exitViolates);
    conformance::Run broken = expectedRun();
    broken.records[0].verdict = failed("silence");
    EXPECT_EQ(broken.exitCode(), exitViolates);
    conformance::Run toothless = expectedRun();
    toothless.records[0].verdict = notApplicable("gone");
    EXPECT_EQ(toothless.exitCode(), exitViolates);
}

TEST(Expectations, aCaseThatWasCutOffGivesExit3)
{
    conformance::Run run = expectedRun();
    run.records[0].verdict = notTested("interrupted");
    EXPECT_EQ(run.exitCode(), exitNotTested);
}

} // namespace conformance
