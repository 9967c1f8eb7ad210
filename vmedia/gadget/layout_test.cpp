// SPDX-License-Identifier: Apache-2.0
#include "layout.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <gtest/gtest.h>

namespace vmedia::gadget
{

Drive driveOf(MediaKind kind)
{
    Drive drive;
    drive.device = "/dev/nbd0";
    drive.kind = kind;
    drive.inquiry.product = "Media 0";
    drive.serialNumber = "vmedia-0";
    return drive;
}

/// What is written to attribute @p name of the drive; its place in the order.
std::pair<std::string, size_t> written(const Drive& drive,
                                       std::string_view name)
{
    const std::string path = fmt::format("{}/{}", lunFolder, name);
    const std::vector<Step> steps = stepsFor(drive);
    const auto step = std::ranges::find(steps, path, &Step::path);
    EXPECT_NE(step, steps.end()) << name;
    return {step == steps.end() ? "" : step->text,
            static_cast<size_t>(step - steps.begin())};
}

TEST(Layout, opensTheFileWhenNothingMayChangeAnyMore)
{
    const Drive drive = driveOf(MediaKind::cdrom);
    const auto [device, open] = written(drive, "file");
    EXPECT_EQ(device, "/dev/nbd0");
    for (const char* before :
         {"ro", "cdrom", "removable", "nofua", "inquiry_string"})
    {
        EXPECT_LT(written(drive, before).second, open) << before;
    }
    EXPECT_EQ(stepsFor(drive).back().what, Step::What::link);
}

TEST(Layout, aCdromIsReadOnly)
{
    Drive drive = driveOf(MediaKind::cdrom);
    drive.readOnly = false;
    EXPECT_EQ(written(drive, "ro").first, "1");
    EXPECT_EQ(written(drive, "cdrom").first, "1");
    EXPECT_LT(written(drive, "ro").second, written(drive, "cdrom").second);
}

TEST(Layout, aDiskIsWhatItsDriveSays)
{
    Drive drive = driveOf(MediaKind::disk);
    EXPECT_EQ(written(drive, "cdrom").first, "0");
    EXPECT_EQ(written(drive, "ro").first, "1");
    EXPECT_EQ(written(drive, "nofua").first, "0");
    drive.readOnly = false;
    drive.noFua = true;
    EXPECT_EQ(written(drive, "ro").first, "0");
    EXPECT_EQ(written(drive, "nofua").first, "1");
}

TEST(Layout, inquiryFieldsHaveTheirWidths)
{
    EXPECT_EQ(inquiryString({"OpenBMC", "Media 0", "0001"}),
              "OpenBMC Media 0         0001");
    EXPECT_EQ(
        inquiryString({"Too long for it", "Media of the whole house", "12345"}),
        "Too longMedia of the who1234");
    EXPECT_EQ(inquiryString({"", "", ""}), std::string(28, ' '));
}

} // namespace vmedia::gadget
