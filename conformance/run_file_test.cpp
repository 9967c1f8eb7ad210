// SPDX-License-Identifier: Apache-2.0
#include "json_report.hpp"
#include "run_file.hpp"
#include "sample_run.hpp"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance
{

using testing::HasSubstr;

namespace
{

std::string jsonOf(const conformance::Run& run)
{
    std::ostringstream out;
    writeJson(run, out);
    return out.str();
}

std::string replaced(std::string text, std::string_view what,
                     std::string_view with)
{
    const size_t at = text.find(what);
    EXPECT_NE(at, text.npos) << what;
    return text.replace(at, what.size(), with);
}

std::string complaint(const std::string& text)
{
    const auto run = parseRun(text, "a.json");
    return run ? "none" : vmedia::describe(run.error());
}

} // namespace

TEST(RunFile, givesBackWhatWasWritten)
{
    conformance::Run run = aRun();
    run.seed = 0xffffffffffffffff;
    run.records[1].expected = Expected{{Outcome::fail}, "known"};
    run.expect = "known.toml";
    run.records[2].seconds = 0.25;
    const std::string text = jsonOf(run);
    const auto read = parseRun(text, "some/a.json");
    ASSERT_TRUE(read) << vmedia::describe(read.error());
    EXPECT_EQ(jsonOf(*read), text);
    EXPECT_EQ(read->name, "a");
}

TEST(RunFile, refusesWhatIsNoReport)
{
    const std::string good = jsonOf(aRun());
    EXPECT_THAT(complaint("{"), HasSubstr("a.json is no JSON"));
    EXPECT_THAT(complaint("[]"), HasSubstr("is no report of vmedia-conform"));
    EXPECT_THAT(complaint(replaced(good, "vmedia-conform/1", "other/2")),
                HasSubstr("has the schema \"other/2\""));
    EXPECT_THAT(
        complaint(replaced(good, "\"pass\",\"reason\"", "\"good\",\"reason\"")),
        HasSubstr("\"verdict\" cannot be 'good'"));
    EXPECT_THAT(complaint(replaced(good, "\"nbd.a\"", "\"nbd.b\"")),
                HasSubstr("has 'nbd.b' twice"));
    EXPECT_THAT(complaint(replaced(good, "\"target\":", "\"tarjet\":")),
                HasSubstr("has no \"target\""));
    EXPECT_THAT(complaint(replaced(good, "\"seed\":7", "\"seed\":-7")),
                HasSubstr("\"seed\" is no number from 0 on"));
}

TEST(RunFile, refusesAFolder)
{
    const auto run = readRun("/");
    ASSERT_FALSE(run);
    EXPECT_EQ(run.error().code, vmedia::Errc::usage);
    EXPECT_THAT(vmedia::describe(run.error()), HasSubstr("directory"));
}

} // namespace conformance
