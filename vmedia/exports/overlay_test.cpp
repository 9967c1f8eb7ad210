// SPDX-License-Identifier: Apache-2.0
#include "oracle.hpp"
#include "overlay.hpp"

#include <cerrno>
#include <latch>
#include <thread>

namespace vmedia::exports
{

namespace
{

constexpr size_t size = 1'300'777;

/// An overlay over a file of noise with a hole from 300'000 to 700'000.
class OverlayTest : public testing::Test
{
  protected:
    void SetUp() override
    {
        Random random(testSeed());
        content = noise(size, random);
        path = dir.write("original.img", content);
        auto punched = openFile(path, Access::readWrite);
        ASSERT_TRUE(punched);
        ASSERT_EQ((*punched)->trim(300'000, 400'000), 0);
        content = contentOf(**punched);
        overlay = open(path);
        ASSERT_TRUE(overlay);
    }
    static std::unique_ptr<Overlay> open(const std::string& file)
    {
        auto below = openFile(file, Access::readOnly);
        auto above = Overlay::open(std::move(*below), Access::readWrite);
        return above ? std::move(*above) : nullptr;
    }

    TempDir dir;
    Bytes content;
    std::string path;
    std::unique_ptr<Overlay> overlay;
};

} // namespace

TEST_F(OverlayTest, holdsWhatAnArrayHoldsAndLeavesTheOriginal)
{
    runAgainst(*overlay, content, 2000);
    EXPECT_EQ(readFile(path), content);
}

TEST_F(OverlayTest, holdsWhatAnArrayHoldsOverAnExportWithoutExtents)
{
    auto below = openPattern(size, Access::readOnly);
    const Bytes pattern = contentOf(**below);
    auto above = Overlay::open(std::move(*below), Access::readWrite);
    ASSERT_TRUE(above);
    runAgainst(**above, pattern, 1000);
}

TEST_F(OverlayTest, isUsedByThreadsAtTheSameTime)
{
    runThreadsAgainst(*overlay, content, 300);
    EXPECT_EQ(readFile(path), content);
}

TEST_F(OverlayTest, firstWritesOfOneBlockAtTheSameTimeAllCount)
{
    constexpr uint64_t part = 4096;
    constexpr uint64_t threadCount = 4;
    for (int round = 0; round < 200 && !HasFailure(); ++round)
    {
        auto below = openNull(65536, Access::readOnly);
        auto above = Overlay::open(std::move(*below), Access::readWrite);
        ASSERT_TRUE(above);
        std::latch together(threadCount);
        std::vector<std::jthread> threads;
        for (uint64_t i = 0; i < threadCount; ++i)
        {
            threads.emplace_back([&, i] {
                const Bytes mine(part, std::byte{7});
                together.arrive_and_wait();
                EXPECT_EQ((*above)->write(mine, i * part), 0);
            });
        }
        threads.clear(); // joins
        Bytes got(threadCount * part);
        ASSERT_EQ((*above)->read(got, 0), 0);
        EXPECT_TRUE(got == Bytes(threadCount * part, std::byte{7}));
    }
}

TEST_F(OverlayTest, extentsAreThoseBelowUntilItIsWritten)
{
    std::vector<Extent> below;
    auto original = openFile(path, Access::readOnly);
    ASSERT_EQ((*original)->extents(0, size, 100, below), 0);
    ASSERT_EQ(below.size(), 3U) << "this file system keeps no holes";
    std::vector<Extent> found;
    ASSERT_EQ(overlay->extents(0, size, 100, found), 0);
    EXPECT_EQ(found, below);
}

TEST_F(OverlayTest, commitsTheMergedContentSparsely)
{
    const Bytes written(1000, std::byte{7});
    ASSERT_EQ(overlay->write(written, 400'000), 0);
    ASSERT_EQ(overlay->trim(0, 200'000), 0);
    const std::string target = dir.file("merged.img");
    const auto done = overlay->commitTo(target);
    ASSERT_TRUE(done) << describe(done.error());
    EXPECT_EQ(readFile(target), contentOf(*overlay));
    EXPECT_LT(storageOf(target), 900'000U);
    EXPECT_FALSE(std::filesystem::exists(target + ".part"));
    EXPECT_EQ(readFile(path), content);
}

TEST_F(OverlayTest, commitsAgainOverItsOwnCommit)
{
    const std::string target = dir.file("merged.img");
    ASSERT_TRUE(overlay->commitTo(target));
    ASSERT_EQ(overlay->write(Bytes(1000, std::byte{7}), 12345), 0);
    const auto again = overlay->commitTo(target);
    ASSERT_TRUE(again) << describe(again.error());
    EXPECT_EQ(readFile(target), contentOf(*overlay));
}

TEST_F(OverlayTest, commitRefusesTheOriginalAndFilesOfOthers)
{
    const auto original = overlay->commitTo(path);
    ASSERT_FALSE(original);
    EXPECT_EQ(describe(original.error()),
              path + ": is the original, which stays as it is; "
                     "commit to another path");
    const std::string other = dir.write("other.img", Bytes(3));
    const auto existing = overlay->commitTo(other);
    ASSERT_FALSE(existing);
    EXPECT_EQ(describe(existing.error()),
              other + ": exists (commit); commit to a path that is free");
    EXPECT_EQ(readFile(other), Bytes(3));
}

TEST_F(OverlayTest, commitRefusesItsOwnCommitOnceSomebodyChangedIt)
{
    const std::string target = dir.file("merged.img");
    ASSERT_TRUE(overlay->commitTo(target));
    dir.write("merged.img", Bytes(3));
    EXPECT_FALSE(overlay->commitTo(target));
    EXPECT_EQ(readFile(target), Bytes(3));
}

TEST_F(OverlayTest, aCommitThatCannotBeLeavesNothing)
{
    const auto nowhere = overlay->commitTo(dir.file("no/such/disk.img"));
    ASSERT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error().code, Errc::io);
    // The original shrinks: the commit cannot be whole.
    std::filesystem::resize_file(path, 1000);
    const std::string target = dir.file("merged.img");
    EXPECT_FALSE(overlay->commitTo(target));
    EXPECT_FALSE(std::filesystem::exists(target));
    EXPECT_FALSE(std::filesystem::exists(target + ".part"));
}

} // namespace vmedia::exports
