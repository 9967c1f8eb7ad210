// SPDX-License-Identifier: Apache-2.0
#include "fixtures/temp_dir.hpp"
#include "image.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace bench
{
namespace
{

constexpr uint64_t size = 1 << 20;
constexpr uint64_t seed = 7;

class ImageTest : public testing::Test
{
  protected:
    fixtures::TempDir directory;
    vmedia::Result<Image> image = Image::make(directory.path(), size, seed);
    uint64_t checked = 0;
};

TEST_F(ImageTest, matchesItselfAtAnyOffsetAndLength)
{
    ASSERT_TRUE(image) << describe(image.error());
    for (const uint64_t offset : {0U, 1U, 7U, 8U, 4093U})
    {
        for (const uint64_t length : {0U, 1U, 8U, 15U, 4096U})
        {
            EXPECT_TRUE(image->matches(
                offset, image->content().subspan(offset, length), checked))
                << length << " bytes at " << offset;
        }
    }
    EXPECT_GT(checked, 0);
}

TEST_F(ImageTest, seesContentOfAnotherPlace)
{
    ASSERT_TRUE(image) << describe(image.error());
    EXPECT_FALSE(
        image->matches(4096, image->content().subspan(8192, 4096), checked));
}

TEST_F(ImageTest, seesAWrongLastWord)
{
    ASSERT_TRUE(image) << describe(image.error());
    const auto block = image->content().first(4096);
    std::vector<std::byte> copy(block.begin(), block.end());
    copy.back() ^= std::byte{1};
    EXPECT_FALSE(image->matches(0, copy, checked));
}

TEST_F(ImageTest, isRemovedWhenItGoes)
{
    ASSERT_TRUE(image) << describe(image.error());
    const auto path = image->path();
    EXPECT_TRUE(std::filesystem::exists(path));
    image = vmedia::fail(vmedia::Errc::io, "gone");
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Image, aFolderThatIsMissingIsNamed)
{
    const auto image = Image::make("/no/such/folder", size, seed);
    ASSERT_FALSE(image);
    EXPECT_EQ(image.error().what, "/no/such/folder: No such file or directory");
}

} // namespace
} // namespace bench
