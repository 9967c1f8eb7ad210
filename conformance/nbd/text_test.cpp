// SPDX-License-Identifier: Apache-2.0
#include "text.hpp"
#include "vmedia/nbd/pack.hpp"

#include <gtest/gtest.h>

namespace conformance::nbd
{

using namespace vmedia::nbd;
using namespace vmedia::nbd::literals;

TEST(StringFault, takesUtf8OfEachLength)
{
    EXPECT_EQ(stringFault({}), "");
    EXPECT_EQ(stringFault("41 c3a4 e282ac f09f9980"_hex), "");
    EXPECT_EQ(stringFault(Bytes(4096, std::byte{'x'})), "");
}

// The forms that RFC 3629, section 4, leaves out.
TEST(StringFault, refusesWhatIsNoUtf8)
{
    EXPECT_EQ(stringFault("41 80"_hex), "no UTF-8 at byte 1");
    EXPECT_NE(stringFault("c080"_hex), "") << "overlong";
    EXPECT_NE(stringFault("e08080"_hex), "") << "overlong";
    EXPECT_NE(stringFault("eda080"_hex), "") << "surrogate";
    EXPECT_NE(stringFault("f4908080"_hex), "") << "above U+10FFFF";
    EXPECT_NE(stringFault("f5808080"_hex), "") << "above U+10FFFF";
    EXPECT_NE(stringFault("e282"_hex), "") << "cut off";
    EXPECT_NE(stringFault("c341"_hex), "") << "no continuation";
}

TEST(StringFault, refusesNulAndTooMuch)
{
    EXPECT_EQ(stringFault("6100"_hex), "a NUL in it");
    EXPECT_EQ(stringFault(Bytes(4097, std::byte{'x'})), "4097 bytes");
}

} // namespace conformance::nbd
