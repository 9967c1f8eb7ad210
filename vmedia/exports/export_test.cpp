// SPDX-License-Identifier: Apache-2.0
#include "export.hpp"

#include <gtest/gtest.h>

namespace vmedia::exports
{

TEST(Export, sizesAreBytesOrANumberAndAUnit)
{
    EXPECT_EQ(parseSize("512"), 512U);
    EXPECT_EQ(parseSize("64K"), 64U << 10);
    EXPECT_EQ(parseSize("64k"), 64U << 10);
    EXPECT_EQ(parseSize("3M"), 3U << 20);
    EXPECT_EQ(parseSize("7E"), uint64_t{7} << 60);
}

TEST(Export, whatIsNoSizeOrHasNoRoomIsRefused)
{
    for (const char* text :
         {"", "0", "-1", "K", "1KK", "1.5M", "8E", "9223372036854775808",
          "18446744073709551616", " 1", "0x10"})
    {
        EXPECT_FALSE(parseSize(text)) << text;
    }
}

TEST(Export, aFileIsItsBytesAndErrorsNameIt)
{
    EXPECT_EQ(
        openFile("/proc/self/exe", Access::readOnly)->get()->abilities().write,
        false);
    const auto missing = openFile("/no/such", Access::readOnly);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().what, "/no/such: No such file or directory");
}

} // namespace vmedia::exports
