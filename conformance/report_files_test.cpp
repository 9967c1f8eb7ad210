// SPDX-License-Identifier: Apache-2.0
#include "html_logs.hpp"
#include "html_report.hpp"
#include "junit_report.hpp"
#include "markdown_report.hpp"
#include "sample_run.hpp"
#include "tap_report.hpp"

#include <pugixml.hpp>

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance
{

using testing::HasSubstr;
using testing::Not;

namespace
{

/// What a peer might say to break a report.
constexpr const char* evil = "</pre><script>x</script> & \"\x1b\xff|`";

Run evilRun()
{
    conformance::Run run = aRun();
    run.records[1].verdict.got = evil;
    run.records[1].wire.entries = {{.kind = WireKind::note, .text = evil}};
    run.records.push_back(
        record("nbd.e", Level::should, {Outcome::warn, "late", {}}));
    return run;
}

std::string tapOf(const conformance::Run& run)
{
    std::ostringstream out;
    writeTap(run, out);
    return out.str();
}

std::string htmlOf(std::span<const Run> runs)
{
    std::ostringstream out;
    writeHtml(runs, out);
    return out.str();
}

std::string markdownOf(const conformance::Run& run)
{
    std::ostringstream out;
    writeMarkdown(run, out);
    return out.str();
}

class JUnit : public testing::Test
{
  protected:
    void write(const conformance::Run& run)
    {
        std::ostringstream out;
        writeJUnit(run, out);
        text = out.str();
        ASSERT_TRUE(document.load_string(text.c_str())) << text;
        suites = document.child("testsuites");
    }

    pugi::xml_node test(const char* name)
    {
        return suites.find_node([name](pugi::xml_node node) {
            return std::string_view(node.name()) == "testcase" &&
                   std::string_view(node.attribute("name").value()) == name;
        });
    }

    std::string text;
    pugi::xml_document document;
    pugi::xml_node suites;
};

} // namespace

TEST_F(JUnit, givesEachVerdictItsElement)
{
    write(evilRun());
    EXPECT_EQ(suites.attribute("tests").as_int(), 5);
    EXPECT_EQ(suites.attribute("failures").as_int(), 1);
    EXPECT_EQ(suites.attribute("skipped").as_int(), 1);
    EXPECT_FALSE(test("nbd.a").first_child());
    EXPECT_STREQ(test("nbd.d").child("skipped").attribute("message").value(),
                 "not applicable: no such thing");
    EXPECT_FALSE(test("nbd.e").child("failure"));
    EXPECT_THAT(test("nbd.e").child("system-out").text().get(),
                HasSubstr("got     late\n"));
}

TEST_F(JUnit, holdsAPeersBytesAsText)
{
    write(evilRun());
    const pugi::xml_node failure = test("nbd.b").child("failure");
    EXPECT_THAT(failure.text().get(),
                HasSubstr("got     </pre><script>x</script> & \"\\x1b\\xff|`"));
    EXPECT_THAT(text, Not(HasSubstr("&#27;")));
}

TEST_F(JUnit, hasAnErrorIfTheTargetCouldNotBeTested)
{
    conformance::Run run = aRun();
    run.error = "nobody listens";
    write(run);
    EXPECT_EQ(suites.attribute("errors").as_int(), 1);
    EXPECT_STREQ(
        test("can be tested").child("error").attribute("message").value(),
        "nobody listens");
}

TEST_F(JUnit, takesAnExpectedFailureForASkip)
{
    conformance::Run run = aRun();
    run.expect = "known.toml";
    run.records[1].expected = Expected{{Outcome::fail}, "too old"};
    run.records.erase(run.records.begin() + 2, run.records.end());
    write(run);
    EXPECT_EQ(suites.attribute("failures").as_int(), 0);
    EXPECT_STREQ(test("nbd.b").child("skipped").attribute("message").value(),
                 "expected to fail: too old");
}

TEST(Tap, tellsSkipAndTodo)
{
    const std::string text = tapOf(evilRun());
    EXPECT_THAT(text, testing::StartsWith("TAP version 13\n1..5\n"));
    EXPECT_THAT(text, HasSubstr("\nok 1 - nbd.a\nnot ok 2 - nbd.b\n  ---\n"));
    EXPECT_THAT(
        text,
        HasSubstr("\nok 4 - nbd.d # SKIP not applicable: no such thing\n"));
    EXPECT_THAT(text, HasSubstr("\nnot ok 5 - nbd.e # TODO warn: late\n"));
    EXPECT_THAT(text, HasSubstr("\\\"\\\\x1b\\\\xff|`\"\n"));
}

TEST(Tap, aMissedShouldIsNoTodoWithStrict)
{
    conformance::Run run = evilRun();
    run.strict = true;
    EXPECT_THAT(tapOf(run), HasSubstr("\nnot ok 5 - nbd.e\n"));
}

TEST(Tap, bailsOutIfTheTargetCouldNotBeTested)
{
    conformance::Run run = aRun();
    run.error = "nobody listens";
    EXPECT_THAT(tapOf(run), testing::EndsWith("Bail out! nobody listens\n"));
}

TEST(Markdown, hasATableAndFoldsFailures)
{
    const std::string text = markdownOf(evilRun());
    EXPECT_THAT(text, HasSubstr("### nbd&#45;server: does not conform\n"));
    EXPECT_THAT(text, HasSubstr("\n| greeting | 1 | 1 | 1 | 1 | 1 |  |\n"));
    EXPECT_THAT(text, HasSubstr("<summary>fail <code>nbd.b</code> (must)"));
    EXPECT_THAT(text, HasSubstr("&lt;/pre&gt;&lt;script&gt;"));
    EXPECT_THAT(text, Not(HasSubstr("<script>")));
}

TEST(Markdown, staysBelowWhatGitHubTakes)
{
    conformance::Run run = aRun();
    run.records.assign(1000, run.records[1]);
    const std::string text = markdownOf(run);
    EXPECT_LT(text.size(), 65536U);
    EXPECT_THAT(text, HasSubstr(" more, which would be too long here."));
}

TEST(Html, holdsAPeersBytesAsText)
{
    const conformance::Run run = evilRun();
    const std::string text = htmlOf({&run, 1});
    EXPECT_THAT(text, HasSubstr("<dt>got</dt><dd>&lt;/pre&gt;&lt;script&gt;x"));
    EXPECT_THAT(text, Not(HasSubstr("<script>x")));
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(text, Not(HasSubstr("differs\" type")));
}

TEST(Html, hasTheLogOfEachCaseAsData)
{
    const conformance::Run run = evilRun();
    const std::string text = htmlOf({&run, 1});
    EXPECT_THAT(text, HasSubstr("<div class=\"log\" data-log=\"0-1\"></div>"));
    EXPECT_THAT(text, HasSubstr("id=\"log-0-1\">[[0,0,\"note\","));
    EXPECT_THAT(text, HasSubstr("\\u003c/pre>\\u003cscript>x"));
    EXPECT_THAT(text, Not(HasSubstr("class=\"left\"")));
}

TEST(Html, leavesOutOnlyLogsOfWhatDidNotFail)
{
    const conformance::Run run = evilRun();
    const HtmlLogs logs({&run, 1}, 1);
    EXPECT_TRUE(logs.leftOut(run.records[0]));
    EXPECT_EQ(logs.idOf(run.records[0]), "");
    EXPECT_EQ(logs.idOf(run.records[1]), "0-1"); // it failed
    EXPECT_EQ(logs.idOf(run.records[4]), "0-4"); // a missed SHOULD
}

TEST(Html, comparesRunsSideBySide)
{
    conformance::Run runs[] = {aRun(), aRun()};
    runs[0].name = "old";
    runs[1].name = "new";
    runs[1].records[1].verdict = passed();
    runs[1].records.erase(runs[1].records.begin());
    const std::string text = htmlOf(runs);
    EXPECT_THAT(text, HasSubstr("<span>old</span><span>new</span>"));
    EXPECT_THAT(text, HasSubstr("data-verdicts=\"fail,pass\" "
                                "data-differs=\"1\""));
    EXPECT_THAT(text, HasSubstr("data-run=\"new\">did not run</span>"));
    EXPECT_THAT(text, HasSubstr("id=\"differs\""));
}

} // namespace conformance
