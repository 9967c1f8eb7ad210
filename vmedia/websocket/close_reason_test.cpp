// SPDX-License-Identifier: Apache-2.0
#include "close_reason.hpp"

#include <gtest/gtest.h>

namespace vmedia::websocket
{

TEST(CloseReason, keepsWhatFits)
{
    EXPECT_EQ(closeReason("no free UDC"), "no free UDC");
    EXPECT_EQ(closeReason(std::string(123, 'x')), std::string(123, 'x'));
}

TEST(CloseReason, cutsAt123BytesBetweenCharacters)
{
    EXPECT_EQ(closeReason(std::string(200, 'x')), std::string(123, 'x'));
    // The two bytes of é would be the 123rd and 124th.
    EXPECT_EQ(closeReason(std::string(122, 'x').append("é")),
              std::string(122, 'x'));
    EXPECT_EQ(closeReason(std::string(121, 'x').append("é")),
              std::string(121, 'x').append("é"));
}

TEST(CloseReason, cutsBetweenWords)
{
    const std::string fits = "the medium " + std::string(112, 'x');
    EXPECT_EQ(closeReason(fits), fits);
    EXPECT_EQ(closeReason(fits + " is gone"), fits) << "ends with a word";
    EXPECT_EQ(closeReason(fits + "x"), "the medium");
    EXPECT_EQ(closeReason("the medium   " + std::string(112, 'x')),
              "the medium");
    EXPECT_EQ(closeReason("the medium " + std::string(111, 'x').append("é")),
              "the medium");
}

TEST(CloseReason, replacesWhatIsNotUtf8)
{
    EXPECT_EQ(closeReason("a\xff"
                          "b"),
              "a?b");
    EXPECT_EQ(closeReason("a\xc3"), "a?") << "a character cut short";
    EXPECT_EQ(closeReason("\xed\xa0\x80"), "???") << "a surrogate";
    EXPECT_EQ(closeReason("\xc0\xaf"), "??") << "an overlong form";
}

} // namespace vmedia::websocket
