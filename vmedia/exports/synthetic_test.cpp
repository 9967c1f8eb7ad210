// SPDX-License-Identifier: Apache-2.0
#include "oracle.hpp"

#include <cerrno>

namespace vmedia::exports
{

TEST(PatternExport, isTheOffsetOfEachWordBigEndian)
{
    auto pattern = openPattern(uint64_t{1} << 40, Access::readOnly);
    ASSERT_TRUE(pattern);
    Bytes got(10);
    ASSERT_EQ((*pattern)->read(got, 0x12345677), 0);
    // Typed by hand: the last byte of the word 0x12345670, the word after it,
    // and the first byte of the next.
    const unsigned char wanted[] = {0x70, 0,    0,    0,    0,
                                    0x12, 0x34, 0x56, 0x78, 0};
    for (size_t i = 0; i < got.size(); ++i)
    {
        EXPECT_EQ(std::to_integer<unsigned>(got[i]), wanted[i]) << i;
    }
}

TEST(PatternExport, takesOnlyWhatItHoldsAlready)
{
    auto pattern = openPattern(65536, Access::readWrite);
    ASSERT_TRUE(pattern);
    Bytes same(100);
    ASSERT_EQ((*pattern)->read(same, 4093), 0);
    EXPECT_EQ((*pattern)->write(same, 4093), 0);
    same.back() ^= std::byte{1};
    EXPECT_EQ((*pattern)->write(same, 4093), EIO);
}

TEST(NullExport, isOneHoleAndDropsWrites)
{
    constexpr uint64_t size = uint64_t{1} << 50;
    auto null = openNull(size, Access::readWrite);
    ASSERT_TRUE(null);
    Bytes block(512, std::byte{7});
    EXPECT_EQ((*null)->write(block, size - 512), 0);
    EXPECT_EQ((*null)->read(block, size - 512), 0);
    EXPECT_EQ(block, Bytes(512));
    std::vector<Extent> found;
    EXPECT_EQ((*null)->extents(5, 1 << 30, 10, found), 0);
    EXPECT_EQ(found, (std::vector<Extent>{{1 << 30, true, true}}));
}

} // namespace vmedia::exports
