// SPDX-License-Identifier: Apache-2.0
#include "text.hpp"

#include <gtest/gtest.h>

namespace vmedia
{

TEST(Text, utf8EndsWhereAByteCannotBePartOfIt)
{
    EXPECT_EQ(utf8End("A\xc3\xa4\xe2\x82\xac\xf0\x9f\x99\x80"), 10U);
    EXPECT_EQ(utf8End("A\x80"), 1U);
    EXPECT_EQ(utf8End("\xc0\x80"), 0U) << "overlong";
    EXPECT_EQ(utf8End("\xed\xa0\x80"), 0U) << "surrogate";
    EXPECT_EQ(utf8End("ab\xe2\x82"), 2U) << "cut off";
}

TEST(Text, whatCouldForgeALineIsShownAsItsBytes)
{
    EXPECT_EQ(printable("disk ä"), "disk ä");
    EXPECT_EQ(printable("a\nb'\\\x7f\x1b"), "a\\x0ab\\x27\\x5c\\x7f\\x1b");
    EXPECT_EQ(printable("\xff|"), "\\xff|");
    EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
}

TEST(Text, aLongOneIsCutBetweenCharacters)
{
    EXPECT_EQ(printable(std::string(65, 'x')),
              std::string(64, 'x').append("… (65 bytes)"));
    EXPECT_EQ(printable("xä and more", 2), "xä… (12 bytes)");
    EXPECT_EQ(printable(std::string(64, 'x')), std::string(64, 'x'));
}

} // namespace vmedia
