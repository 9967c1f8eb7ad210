// SPDX-License-Identifier: Apache-2.0
#include "diff.hpp"
#include "sample_run.hpp"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance
{

using testing::HasSubstr;

namespace
{

Run changed()
{
    conformance::Run run = aRun();
    run.records[0].verdict = failed("noise");     // nbd.a: worse
    run.records[1].verdict = passed();            // nbd.b: fixed
    run.records[2].verdict = notApplicable("no"); // nbd.c: otherwise
    run.records[3] = record("nbd.new", Level::must, failed("too new"));
    return run;
}

} // namespace

TEST(Diff, sortsWhatChanged)
{
    const conformance::Run before = aRun();
    const conformance::Run after = changed();
    const Diff found = diff(before, after);
    ASSERT_EQ(found.worse.size(), 1U);
    EXPECT_EQ(found.worse[0].after->id, "nbd.a");
    ASSERT_EQ(found.fixed.size(), 1U);
    EXPECT_EQ(found.fixed[0].after->id, "nbd.b");
    ASSERT_EQ(found.other.size(), 1U);
    EXPECT_EQ(found.other[0].after->id, "nbd.c");
    ASSERT_EQ(found.added.size(), 1U);
    EXPECT_EQ(found.added[0].after->id, "nbd.new");
    ASSERT_EQ(found.gone.size(), 1U);
    EXPECT_EQ(found.gone[0].before->id, "nbd.d");
    EXPECT_EQ(found.same, 0U);
}

TEST(Diff, whatIsNoLongerTestedIsWorse)
{
    const conformance::Run before = aRun();
    conformance::Run after = aRun();
    after.records[0].verdict = notTested("the target died");
    EXPECT_EQ(diff(before, after).worse.size(), 1U);
    EXPECT_EQ(diff(after, before).fixed.size(), 1U);
}

TEST(Diff, endsWithWhatGotWorse)
{
    const conformance::Run before = aRun();
    const conformance::Run after = changed();
    std::ostringstream out;
    writeText(diff(before, after), out);
    EXPECT_THAT(out.str(),
                HasSubstr("\nWorse (1)\n  nbd.a  pass -> fail\n"
                          "    got     noise\n    wanted  an answer\n"
                          "    repeat  vmedia-conform nbd-server "
                          "nbd://host:10809 --only nbd.a --seed 7\n"
                          "\n1 worse, 1 fixed, 1 changed otherwise, 1 new, 1 "
                          "gone, 0 the same\n"));
}

TEST(Diff, hasATableForAPullRequest)
{
    const conformance::Run before = aRun();
    const conformance::Run after = changed();
    std::ostringstream out;
    writeMarkdown(diff(before, after), out);
    EXPECT_THAT(out.str(), HasSubstr("something got worse"));
    EXPECT_THAT(out.str(),
                HasSubstr("| nbd.a | pass &#45;&#62; fail | noise |\n"));
}

} // namespace conformance
