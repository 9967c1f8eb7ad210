// SPDX-License-Identifier: Apache-2.0
// A block device is a loop device here, and goes with its last descriptor.
#include "oracle.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

namespace vmedia::exports
{

namespace
{

constexpr size_t size = 1 << 20;

class DeviceTest : public testing::Test
{
  protected:
    void SetUp() override
    {
        Random random(testSeed());
        content = noise(size, random);
        image = dir.write("disk.img", content);
        const int control = ::open("/dev/loop-control", O_RDWR | O_CLOEXEC);
        const int backing = ::open(image.c_str(), O_RDWR | O_CLOEXEC);
        // Another program may take the free one before we do.
        for (int attempt = 0; attempt < 10 && !attached; ++attempt)
        {
            const int number = ::ioctl(control, LOOP_CTL_GET_FREE);
            path = fmt::format("/dev/loop{}", number);
            if (device >= 0)
            {
                ::close(device);
            }
            device = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
            loop_config config{};
            config.fd = static_cast<uint32_t>(backing);
            config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
            attached = ::ioctl(device, LOOP_CONFIGURE, &config) == 0;
        }
        ::close(backing);
        ::close(control);
        if (!attached)
        {
            GTEST_SKIP() << "no loop device: run as root, modprobe loop";
        }
    }
    void TearDown() override
    {
        if (device >= 0)
        {
            ::close(device);
        }
    }

    TempDir dir;
    Bytes content;
    std::string image;
    std::string path;
    int device = -1;
    bool attached = false;
};

} // namespace

TEST_F(DeviceTest, isItsBytesAndTellsNoHoles)
{
    auto opened = openFile(path, Access::readWrite);
    ASSERT_TRUE(opened) << describe(opened.error());
    EXPECT_EQ(contentOf(**opened), content);
    const Abilities can = (*opened)->abilities();
    EXPECT_TRUE(can.write && can.trim && can.zero && !can.extents);
    Bytes block(777, std::byte{7});
    EXPECT_EQ((*opened)->write(block, 12345), 0);
    EXPECT_EQ((*opened)->flush(), 0);
    EXPECT_EQ((*opened)->read(block, 12345), 0);
    EXPECT_EQ(block, Bytes(777, std::byte{7}));
}

TEST_F(DeviceTest, zeroesWhatIsNotWholeSectorsExactly)
{
    auto opened = openFile(path, Access::readWrite);
    ASSERT_TRUE(opened) << describe(opened.error());
    uint64_t offset = 0;
    for (const uint64_t length : {5U, 511U, 512U, 1000U, 5000U, 300'001U})
    {
        for (const bool mayPunch : {false, true})
        {
            ASSERT_EQ(
                (*opened)->zero(offset + 3, length, {.mayPunch = mayPunch}), 0)
                << length;
            std::fill_n(content.begin() + static_cast<ptrdiff_t>(offset + 3),
                        length, std::byte{0});
            offset += length + 10;
        }
    }
    EXPECT_EQ(contentOf(**opened), content);
}

TEST_F(DeviceTest, trimGivesBackWhatIsBelowAndLeavesTheRest)
{
    auto opened = openFile(path, Access::readWrite);
    ASSERT_TRUE(opened) << describe(opened.error());
    ASSERT_EQ((*opened)->flush(), 0);
    const uint64_t before = storageOf(image);
    ASSERT_EQ((*opened)->trim(100'000, 800'000), 0);
    EXPECT_LT(storageOf(image), before - 700'000);
    const Bytes after = contentOf(**opened);
    EXPECT_TRUE(
        std::equal(after.begin(), after.begin() + 100'000, content.begin()));
    EXPECT_TRUE(std::equal(after.begin() + 900'000, after.end(),
                           content.begin() + 900'000));
    EXPECT_EQ((*opened)->trim(5, 100), 0); // no whole sector: nothing to do
}

} // namespace vmedia::exports
