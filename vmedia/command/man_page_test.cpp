// SPDX-License-Identifier: Apache-2.0
#include "help.hpp"
#include "man_page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmedia::command
{

using testing::HasSubstr;
using testing::Not;

class ManPage : public testing::Test
{
  protected:
    ManPage()
    {
        app.add_flag("-q,--quiet", quiet, "Say nothing");
        app.add_option("-n,--number", number, "How many")
            ->check(CLI::Range(1, 9))
            ->type_name("N")
            ->group("Counting")
            ->capture_default_str();
        app.add_option("file", file, "What to read")->required();
    }
    CLI::App app{"Does a thing.", "a-tool"};
    bool quiet = false;
    int number = 3;
    std::string file;
};

TEST_F(ManPage, saysWhatTheOptionsSay)
{
    const std::string page = manPage(app, {});
    EXPECT_THAT(page, HasSubstr("a\\-tool \\- Does a thing\n"));
    EXPECT_THAT(page, HasSubstr("\\fBa\\-tool\\fR [\\fIoption\\fR ...] file"));
    EXPECT_THAT(page, HasSubstr(".TP\n\\fB\\-q, \\-\\-quiet\\fR\nSay nothing"));
    EXPECT_THAT(page, HasSubstr(".SS Counting\n.TP\n\\fB\\-n, \\-\\-number\\fR "
                                "\\fIN\\fR\nHow many (1 to 9; default 3)"));
    EXPECT_THAT(page, HasSubstr("\\fBfile\\fR\nWhat to read (required)"));
}

TEST_F(ManPage, proseKeepsParagraphsAndWhatIsIndented)
{
    constexpr Section sections[] = {
        {"Exit status", "0 fine\n\nAs in:\n\n  a-tool \\n\n\n  .second\n\nEnd.",
         true},
        {"Only here", "'quoted'"}};
    const std::string page = manPage(app, sections);
    EXPECT_THAT(page,
                HasSubstr(".SH EXIT STATUS\n0 fine\n.PP\nAs in:\n.sp\n.RS 4\n"
                          ".nf\na\\-tool \\en\n\n\\&.second\n.fi\n.RE\n"
                          ".PP\nEnd.\n"));
    EXPECT_THAT(page, HasSubstr(".SH ONLY HERE\n\\&'quoted'"));
    addManual(app, sections);
    EXPECT_THAT(app.help(), HasSubstr("Exit status:\n  0 fine\n\n  As in:\n\n"
                                      "  a-tool \\n"));
    EXPECT_THAT(app.help(), HasSubstr("-n,--number N"));
    EXPECT_THAT(app.help(), HasSubstr("How many (1 to 9; default 3)"));
    EXPECT_THAT(app.help(), Not(HasSubstr("Only here")));
    EXPECT_THAT(app.help(), Not(HasSubstr("--man")));
}

} // namespace vmedia::command
