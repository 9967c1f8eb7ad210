// SPDX-License-Identifier: Apache-2.0
#include "oracle.hpp"

#include <cerrno>

namespace vmedia::exports
{

namespace
{

constexpr size_t size = 1'300'777;

} // namespace

TEST(MemoryExport, holdsWhatAnArrayHolds)
{
    auto memory = openMemory(size, Access::readWrite);
    ASSERT_TRUE(memory);
    runAgainst(**memory, Bytes(size), 3000);
}

TEST(MemoryExport, isUsedByThreadsAtTheSameTime)
{
    auto memory = openMemory(size, Access::readWrite);
    ASSERT_TRUE(memory);
    runThreadsAgainst(**memory, Bytes(size), 400);
}

TEST(MemoryExport, isAHoleButForWhatIsWritten)
{
    constexpr uint64_t tebibyte = uint64_t{1} << 40;
    auto memory = openMemory(tebibyte, Access::readWrite);
    ASSERT_TRUE(memory);
    const Bytes byte(1, std::byte{7});
    ASSERT_EQ((*memory)->write(byte, tebibyte - 1), 0);
    ASSERT_EQ((*memory)->write(byte, 65536), 0);
    std::vector<Extent> found;
    ASSERT_EQ((*memory)->extents(0, 1 << 20, 10, found), 0);
    EXPECT_EQ(found, (std::vector<Extent>{{65536, true, true},
                                          {65536, false, false},
                                          {(1 << 20) - 131072, true, true}}));
    found.clear();
    ASSERT_EQ((*memory)->extents(tebibyte - 100, 100, 10, found), 0);
    EXPECT_EQ(found, (std::vector<Extent>{{100, false, false}}));
}

TEST(MemoryExport, trimMakesHolesAndZeroWithoutPunchingNone)
{
    auto memory = openMemory(size, Access::readWrite);
    ASSERT_TRUE(memory);
    Random random(testSeed());
    ASSERT_EQ((*memory)->write(noise(size, random), 0), 0);
    ASSERT_EQ((*memory)->trim(0, size), 0);
    const std::vector<Extent> hole{{size, true, true}};
    std::vector<Extent> found;
    ASSERT_EQ((*memory)->extents(0, size, 10, found), 0);
    EXPECT_EQ(found, hole);
    ASSERT_EQ((*memory)->zero(0, size, {.mayPunch = false}), 0);
    found.clear();
    ASSERT_EQ((*memory)->extents(0, size, 10, found), 0);
    EXPECT_EQ(found, (std::vector<Extent>{{size, false, false}}));
    EXPECT_EQ((*memory)->zero(0, size, {.mayPunch = false, .fastOnly = true}),
              ENOTSUP);
}

} // namespace vmedia::exports
