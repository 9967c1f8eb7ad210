// SPDX-License-Identifier: Apache-2.0
#include "fixtures/temp_dir.hpp"
#include "media_kind.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace vmedia::gadget
{

constexpr uint64_t mib = 1 << 20;

MediaKind chosen(WantedKind wanted, bool isIso9660, uint64_t size)
{
    const Result<MediaKind> kind = chooseKind(wanted, isIso9660, size);
    EXPECT_TRUE(kind) << describe(kind.error());
    return kind.value_or(MediaKind::disk);
}

TEST(MediaKind, isCdromForAnIsoAndDiskForAllElse)
{
    EXPECT_EQ(chosen(WantedKind::automatic, true, mib), MediaKind::cdrom);
    EXPECT_EQ(chosen(WantedKind::automatic, false, mib), MediaKind::disk);
    EXPECT_EQ(chosen(WantedKind::cdrom, false, mib), MediaKind::cdrom);
    EXPECT_EQ(chosen(WantedKind::disk, true, mib), MediaKind::disk);
}

TEST(MediaKind, isDiskWhereTheKernelWouldCutACdromOff)
{
    // The kernel's own numbers: from 1152000 sectors on it shows 1151999.
    constexpr uint64_t most = 1151999ULL * 2048;
    EXPECT_EQ(chosen(WantedKind::automatic, true, most), MediaKind::cdrom);
    EXPECT_EQ(chosen(WantedKind::automatic, true, most + 2047),
              MediaKind::cdrom);
    EXPECT_EQ(chosen(WantedKind::automatic, true, most + 2048),
              MediaKind::disk);
    const auto forced = chooseKind(WantedKind::cdrom, true, most + 2048);
    ASSERT_FALSE(forced);
    EXPECT_EQ(describe(forced.error()),
              "2359296000 bytes are too many for a CD-ROM, which has 614400 to "
              "2359293952; show it as a disk");
    EXPECT_EQ(forced.error().errorNumber, EFBIG);
}

TEST(MediaKind, isDiskWhereTheKernelWouldRefuseACdrom)
{
    EXPECT_EQ(chosen(WantedKind::automatic, true, 614400), MediaKind::cdrom);
    EXPECT_EQ(chosen(WantedKind::automatic, true, 614399), MediaKind::disk);
    const auto forced = chooseKind(WantedKind::cdrom, true, 614399);
    ASSERT_FALSE(forced);
    EXPECT_EQ(forced.error().errorNumber, EINVAL);
}

TEST(MediaKind, needsABlock)
{
    EXPECT_EQ(chosen(WantedKind::automatic, false, 512), MediaKind::disk);
    for (const auto wanted :
         {WantedKind::automatic, WantedKind::cdrom, WantedKind::disk})
    {
        const auto none = chooseKind(wanted, false, 511);
        ASSERT_FALSE(none);
        EXPECT_EQ(none.error().errorNumber, ENOMEDIUM);
    }
}

TEST(MediaKind, readsWhatUsersWrite)
{
    EXPECT_EQ(parseWantedKind("auto"), WantedKind::automatic);
    EXPECT_EQ(parseWantedKind("cdrom"), WantedKind::cdrom);
    EXPECT_EQ(parseWantedKind("disk"), WantedKind::disk);
    EXPECT_FALSE(parseWantedKind("CD"));
    EXPECT_FALSE(parseWantedKind(""));
}

class Medium : public testing::Test
{
  protected:
    std::string write(const std::string& start, uint64_t size = 0)
    {
        std::ofstream(path, std::ios::binary) << start;
        if (size > 0)
        {
            std::filesystem::resize_file(path, size);
        }
        return path;
    }
    const std::string plain = std::string(32769, '\0'); // before "CD001"
    const fixtures::TempDir folder;
    const std::string path = folder.path() / "medium";
};

TEST_F(Medium, isIso9660BySignatureAlone)
{
    std::string hybrid = plain; // a partition table, as isohybrid writes it
    hybrid[510] = '\x55';
    hybrid[511] = '\xaa';
    EXPECT_EQ(hasIso9660(write(plain + "CD001")), true);
    EXPECT_EQ(hasIso9660(write(hybrid + "CD001\1")), true);
    EXPECT_EQ(hasIso9660(write(plain + "CD00")), false);
    EXPECT_EQ(hasIso9660(write(plain + "BEA01")), false);
    EXPECT_EQ(hasIso9660(write("CD001")), false);
}

TEST_F(Medium, isLookedIntoOnlyWhereThatDecides)
{
    write(plain + "CD001", mib);
    EXPECT_EQ(kindOfMedium(path, WantedKind::automatic, mib), MediaKind::cdrom);
    const std::string missing = folder.path() / "none";
    EXPECT_EQ(kindOfMedium(missing, WantedKind::cdrom, mib), MediaKind::cdrom);
    EXPECT_EQ(kindOfMedium(missing, WantedKind::disk, mib), MediaKind::disk);
    EXPECT_FALSE(kindOfMedium(missing, WantedKind::automatic, mib));
}

TEST_F(Medium, hasTheSizeOfItsFile)
{
    EXPECT_EQ(sizeOfMedium(write("x", 3ULL << 30)), 3ULL << 30);
}

TEST_F(Medium, failuresKeepTheErrorNumber)
{
    const auto missing = hasIso9660(path);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().errorNumber, ENOENT);
    const auto unreadable = hasIso9660(folder.path());
    ASSERT_FALSE(unreadable);
    EXPECT_EQ(unreadable.error().errorNumber, EISDIR);
    const auto sizeless = sizeOfMedium("/dev/null");
    ASSERT_FALSE(sizeless);
    EXPECT_EQ(sizeless.error().errorNumber, ENOTTY);
}

} // namespace vmedia::gadget
