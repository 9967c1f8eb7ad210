// SPDX-License-Identifier: Apache-2.0
#include "json_report.hpp"
#include "sample_run.hpp"
#include "text_report.hpp"

#include <boost/json.hpp>

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance
{

using testing::HasSubstr;
using testing::Not;

namespace
{

std::string reportOf(const Run& run)
{
    std::ostringstream out;
    TextReport report(out, false);
    report.begin(run);
    report.beginArea("greeting");
    for (const Record& one : run.records)
    {
        report.result(one);
    }
    report.endArea(run.counts());
    report.end(run, 0.25);
    return out.str();
}

} // namespace

TEST(TextReport, hasALineForEachCaseAndTheReasonOfASkip)
{
    const std::string text = reportOf(aRun());
    EXPECT_THAT(text, HasSubstr("\ngreeting\n  pass  nbd.a\n  FAIL  nbd.b\n"));
    EXPECT_THAT(text, HasSubstr("  info  nbd.c "));
    EXPECT_THAT(text, HasSubstr(" a choice\n  n/a   nbd.d "));
    EXPECT_THAT(text, HasSubstr(" no such thing\n"));
}

TEST(TextReport, aFailureTellsTheWholeStory)
{
    EXPECT_THAT(reportOf(aRun()),
                HasSubstr("\nFAIL  nbd.b  (must)\n"
                          "  sent    a thing\n"
                          "  wanted  an answer\n"
                          "  got     silence\n"
                          "  spec    \"MUST be so\"\n"
                          "          proto.md, Conventions\n"
                          "  wire    -- a thing\n"
                          "          <- nothing came, within 1 ms\n"
                          "  repeat  vmedia-conform nbd-server "
                          "nbd://host:10809 --only nbd.b --seed 7\n"));
}

TEST(TextReport, endsWithCountsAndTheExitCodesMeaning)
{
    EXPECT_THAT(reportOf(aRun()),
                HasSubstr("\n4 cases: 1 pass, 1 fail, 1 info, 1 not "
                          "applicable  (0.2 s)  exit 1: a case failed\n"));
}

TEST(TextReport, tellsOnceWhyTheRestWasNotTested)
{
    auto run = aRun();
    run.records.push_back(
        record("nbd.e", Level::must, notTested("the target died in nbd.b")));
    run.records.push_back(
        record("nbd.f", Level::must, notTested("the target died in nbd.b")));
    const std::string text = reportOf(run);
    EXPECT_THAT(text, HasSubstr("Not tested from nbd.e on: the target died in "
                                "nbd.b (2 cases)\n"));
    EXPECT_THAT(text, Not(HasSubstr("nbd.f")));
    EXPECT_THAT(text, HasSubstr("2 not tested"));
}

TEST(TextReport, tellsEachReasonNotToTest)
{
    auto run = aRun();
    run.records.push_back(
        record("nbd.e", Level::must, notTested("it would write")));
    run.records.push_back(
        record("nbd.f", Level::must, notTested("interrupted")));
    const std::string text = reportOf(run);
    EXPECT_THAT(text,
                HasSubstr("Not tested from nbd.e on: it would write (1 case)"));
    EXPECT_THAT(text,
                HasSubstr("Not tested from nbd.f on: interrupted (1 case)"));
}

TEST(TextReport, quotesWordsForAShell)
{
    EXPECT_EQ(shellQuoted("nbd://host/x"), "nbd://host/x");
    EXPECT_EQ(shellQuoted("a b"), "'a b'");
    EXPECT_EQ(shellQuoted("it's"), "'it'\\''s'");
    EXPECT_EQ(shellQuoted(""), "''");
}

TEST(JsonReport, holdsTheRunAndEachCase)
{
    std::ostringstream out;
    writeJson(aRun(), out);
    const auto report = boost::json::parse(out.str()).as_object();
    EXPECT_EQ(report.at("schema").as_string(), "vmedia-conform/2");
    EXPECT_EQ(report.at("seed").to_number<uint64_t>(), 7U);
    EXPECT_EQ(report.at("exit").as_int64(), 1);
    const auto& cases = report.at("cases").as_array();
    ASSERT_EQ(cases.size(), 4U);
    EXPECT_EQ(cases[1].at("verdict").as_string(), "fail");
    EXPECT_EQ(cases[1].at("got").as_string(), "silence");
    EXPECT_EQ(cases[1].at("wanted").as_string(), "an answer");
    EXPECT_EQ(cases[1].at("wire").as_array().size(), 2U);
    EXPECT_EQ(cases[3].at("reason").as_string(), "no such thing");
}

} // namespace conformance
