// SPDX-License-Identifier: Apache-2.0
#include "oracle.hpp"

#include <unistd.h>

#include <cerrno>

namespace vmedia::exports
{

namespace
{

constexpr size_t size = 1'300'777; // an odd tail, 19 blocks of 64 KiB

Bytes someNoise(size_t bytes)
{
    Random random(testSeed());
    return noise(bytes, random);
}

} // namespace

TEST(FileExport, holdsWhatAnArrayHolds)
{
    const TempDir dir;
    const Bytes content = someNoise(size);
    const std::string path = dir.write("disk.img", content);
    auto file = openFile(path, Access::readWrite);
    ASSERT_TRUE(file);
    runAgainst(**file, content, 1500);
    EXPECT_EQ((*file)->flush(), 0);
    EXPECT_EQ(readFile(path), contentOf(**file));
}

TEST(FileExport, holdsWhatAnArrayHoldsWhereZeroesMustBeWritten)
{
    const TempDir dir("/dev/shm"); // a tmpfs punches, but has no ZERO_RANGE
    const Bytes content = someNoise(size);
    auto file = openFile(dir.write("disk.img", content), Access::readWrite);
    ASSERT_TRUE(file);
    runAgainst(**file, content, 1500);
}

TEST(FileExport, isUsedByThreadsAtTheSameTime)
{
    const TempDir dir;
    const Bytes content = someNoise(size);
    auto file = openFile(dir.write("disk.img", content), Access::readWrite);
    ASSERT_TRUE(file);
    runThreadsAgainst(**file, content, 200);
}

TEST(FileExport, tellsHolesFromData)
{
    const TempDir dir;
    const std::string path = dir.write("disk.img", Bytes{});
    ASSERT_EQ(::truncate(path.c_str(), 3 << 20), 0);
    auto file = openFile(path, Access::readWrite);
    ASSERT_TRUE(file);
    EXPECT_TRUE((*file)->abilities().extents);
    ASSERT_EQ((*file)->write(someNoise(65536), 1 << 20), 0);
    std::vector<Extent> found;
    ASSERT_EQ((*file)->extents(0, 3 << 20, 10, found), 0);
    EXPECT_EQ(found, (std::vector<Extent>{{1 << 20, true, true},
                                          {65536, false, false},
                                          {(2 << 20) - 65536, true, true}}));
}

TEST(FileExport, trimGivesStorageBackAndKeepsTheSize)
{
    const TempDir dir;
    const std::string path = dir.write("disk.img", someNoise(1 << 20));
    auto file = openFile(path, Access::readWrite);
    ASSERT_TRUE(file);
    ASSERT_EQ((*file)->flush(), 0); // ext4 allocates late
    ASSERT_EQ((*file)->trim(0, 1 << 20), 0);
    EXPECT_EQ(storageOf(path), 0U);
    EXPECT_EQ(contentOf(**file), Bytes(1 << 20));
}

TEST(FileExport, zeroLeavesAllocatedWhatMustNotBePunched)
{
    for (const char* parent : {"/tmp", "/dev/shm"})
    {
        const TempDir dir(parent);
        const std::string path = dir.write("disk.img", someNoise(1 << 20));
        auto file = openFile(path, Access::readWrite);
        ASSERT_TRUE(file);
        ASSERT_EQ((*file)->zero(0, 1 << 20, {.mayPunch = false}), 0);
        ASSERT_EQ((*file)->flush(), 0);
        EXPECT_GE(storageOf(path), 1U << 20) << parent;
        EXPECT_EQ(contentOf(**file), Bytes(1 << 20));
    }
}

TEST(FileExport, fastZeroRefusesToWriteZeroesAndLeavesTheContent)
{
    const TempDir dir("/dev/shm");
    const Bytes content = someNoise(size);
    auto file = openFile(dir.write("disk.img", content), Access::readWrite);
    ASSERT_TRUE(file);
    const Zeroing fast{.mayPunch = false, .fastOnly = true};
    const int error = (*file)->zero(0, size, fast);
    if (error == 0)
    {
        GTEST_SKIP() << "this kernel's tmpfs has FALLOC_FL_ZERO_RANGE";
    }
    EXPECT_EQ(error, ENOTSUP);
    EXPECT_EQ(contentOf(**file), content);
}

TEST(FileExport, aFileThatShrankGivesEioAndNoZeroes)
{
    const TempDir dir;
    const std::string path = dir.write("disk.img", someNoise(1 << 20));
    auto file = openFile(path, Access::readWrite);
    ASSERT_TRUE(file);
    ASSERT_EQ(::truncate(path.c_str(), 1000), 0);
    Bytes buffer(512);
    EXPECT_EQ((*file)->read(buffer, 0), 0);
    EXPECT_EQ((*file)->read(buffer, 800), EIO);
    EXPECT_EQ((*file)->write(buffer, 65536), EIO);
    EXPECT_EQ((*file)->trim(65536, 65536), EIO);
    EXPECT_EQ((*file)->zero(65536, 65536, {}), EIO);
    std::vector<Extent> found;
    ASSERT_EQ((*file)->extents(65536, 65536, 10, found), 0);
    EXPECT_EQ(found, (std::vector<Extent>{{65536, false, false}}));
}

TEST(FileExport, readOnlyIsReadAndTellsItsDescriptor)
{
    const TempDir dir;
    const Bytes content = someNoise(size);
    auto file = openFile(dir.write("disk.img", content), Access::readOnly);
    ASSERT_TRUE(file);
    const Abilities can = (*file)->abilities();
    EXPECT_FALSE(can.write || can.flush || can.trim || can.zero);
    EXPECT_EQ((*file)->cache(0, size), 0);
    Bytes head(16);
    ASSERT_EQ(::pread((*file)->descriptor(), head.data(), 16, 100), 16);
    EXPECT_EQ(head, Bytes(content.begin() + 100, content.begin() + 116));
}

} // namespace vmedia::exports
