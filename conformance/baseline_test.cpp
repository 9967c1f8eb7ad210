// SPDX-License-Identifier: Apache-2.0
#include "baseline.hpp"
#include "expectations.hpp"
#include "sample_run.hpp"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance
{

using testing::HasSubstr;

TEST(Baseline, isWhatTheRunIsExpectedToBe)
{
    conformance::Run run = aRun();
    run.records[1].verdict.got = "a \"quote\", a \\ and \x1b";
    run.records.push_back(record("nbd.e", Level::must, notTested("no time")));
    run.records.push_back(record("nbd.f", Level::must, failed("at times")));
    run.records.back().attempts = {{Outcome::pass}, {Outcome::fail}};
    std::ostringstream out;
    writeBaseline(run, out);
    EXPECT_THAT(out.str(), HasSubstr("\n# nbd.e was not tested: no time\n"));

    const auto read = parseExpectations(out.str(), "it",
                                        [](std::string_view) { return true; });
    ASSERT_TRUE(read) << describe(read.error()) << out.str();
    EXPECT_EQ(read->size(), 4U); // b, c, d, f
    EXPECT_EQ(read->at("nbd.b").why, R"(a "quote", a \ and \x1b)");
    EXPECT_EQ(read->at("nbd.f").verdicts,
              (std::vector{Outcome::pass, Outcome::fail}));
    run.expect = "it";
    for (Record& one : run.records)
    {
        if (const auto found = read->find(one.id); found != read->end())
        {
            one.expected = found->second;
        }
        EXPECT_EQ(run.unexpected(one), one.id == "nbd.e") << one.id;
    }
}

TEST(Baseline, keepsAReasonThatStillHolds)
{
    conformance::Run run = aRun();
    run.expect = "known.toml";
    run.records[1].expected = Expected{{Outcome::fail}, "too old"};
    std::ostringstream out;
    writeBaseline(run, out);
    EXPECT_THAT(out.str(), HasSubstr("why = \"too old\""));
}

} // namespace conformance
