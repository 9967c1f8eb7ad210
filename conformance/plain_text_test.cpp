// SPDX-License-Identifier: Apache-2.0
#include "markdown_report.hpp"
#include "plain_text.hpp"

#include <gtest/gtest.h>

namespace conformance
{

TEST(PlainText, keepsWhatIsTextInAnyLanguage)
{
    EXPECT_EQ(plainText("a \"disk\" \xe7\xa3\x81\xe7\x9b\x98"),
              "a \"disk\" \xe7\xa3\x81\xe7\x9b\x98");
}

TEST(PlainText, showsControlBytesAndWhatIsNoUtf8)
{
    using namespace std::string_view_literals;
    EXPECT_EQ(plainText("a\nb\x1b[31m\0c\x7f"sv),
              "a\\x0ab\\x1b[31m\\x00c\\x7f");
    EXPECT_EQ(plainText("\xff\xc3"), "\\xff\\xc3");
    EXPECT_EQ(plainText("\xc2\x9b"), "\\xc2\\x9b"); // CSI, in one code point
    EXPECT_EQ(plainText("\xef\xbf\xbf"), "\\xef\\xbf\\xbf");
}

TEST(PlainText, isNoMarkupInHtml)
{
    EXPECT_EQ(htmlText("<b a=\"'&\">\x01"),
              "&lt;b a=&quot;&#39;&amp;&quot;&gt;\\x01");
}

TEST(PlainText, isNoMarkupInMarkdown)
{
    EXPECT_EQ(markdownText("a|b `c` @d"), "a&#124;b &#96;c&#96; &#64;d");
}

} // namespace conformance
