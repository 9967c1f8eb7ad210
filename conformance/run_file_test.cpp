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
    run.records[2].wire.entries = {
        {.kind = WireKind::sent,
         .at = 12,
         .connection = 2,
         .length = 9,
         .head = {std::byte{0}, std::byte{255}},
         .tail = {std::byte{16}}},
        {.kind = WireKind::cut, .length = 3, .lost = {{2, 100, 200}}}};
    const std::string text = jsonOf(run);
    const auto read = parseRun(text, "some/a.json");
    ASSERT_TRUE(read) << vmedia::describe(read.error());
    EXPECT_EQ(jsonOf(*read), text);
    EXPECT_EQ(read->records[2].wire, run.records[2].wire);
    EXPECT_EQ(read->name, "a");
}

TEST(RunFile, refusesWhatIsNoReport)
{
    const std::string good = jsonOf(aRun());
    EXPECT_THAT(complaint("{"), HasSubstr("a.json is no JSON"));
    EXPECT_THAT(complaint("[]"), HasSubstr("is no report of vmedia-conform"));
    EXPECT_THAT(complaint(replaced(good, "vmedia-conform/2", "other/2")),
                HasSubstr("has the schema \"other/2\""));
    EXPECT_THAT(
        complaint(replaced(good, "\"pass\",\"reason\"", "\"good\",\"reason\"")),
        HasSubstr("\"verdict\" cannot be 'good'"));
    EXPECT_THAT(complaint(replaced(good, "\"nbd.a\"", "\"nbd.b\"")),
                HasSubstr("has 'nbd.b' twice"));
    EXPECT_THAT(complaint(replaced(good, "\"target\":", "\"tarjet\":")),
                HasSubstr("has no \"target\""));
    EXPECT_THAT(
        complaint(replaced(good, "\"kind\":\"note\"", "\"kind\":\"notes\"")),
        HasSubstr("'nbd.a': \"wire\" has an entry of no known kind"));
    EXPECT_THAT(complaint(replaced(good, "\"kind\":\"note\"",
                                   "\"kind\":\"sent\",\"hex\":\"0g\"")),
                HasSubstr("no hex"));
    EXPECT_THAT(complaint(replaced(good, "\"kind\":\"note\"",
                                   "\"kind\":\"sent\",\"hex\":\"00\"")),
                HasSubstr("length is not its bytes'"));
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
