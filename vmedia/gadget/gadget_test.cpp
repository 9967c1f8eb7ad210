// SPDX-License-Identifier: Apache-2.0
#include "configfs.hpp"
#include "fake_roots.hpp"
#include "gadget.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmedia::gadget
{

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class GadgetTest : public FakeRoots
{
  protected:
    Gadget named(const std::string& name) const
    {
        return *Gadget::named(roots, name);
    }

    Drive drive(MediaKind kind = MediaKind::disk) const
    {
        Drive one;
        one.device = medium;
        one.kind = kind;
        return one;
    }

    std::string directory(const std::string& name) const
    {
        return fmt::format("{}/vmedia-{}", roots.gadgets(), name);
    }

    std::string lun(const std::string& name, const char* attribute) const
    {
        return read(
            fmt::format("{}/{}/{}", directory(name), lunFolder, attribute));
    }

    std::vector<std::string> left() const
    {
        return *listGadgets(roots);
    }
};

TEST_F(GadgetTest, showsTheDriveOnAFreeController)
{
    addController("dummy_udc.0");
    const Result<Bound> bound = named("0").start(drive(MediaKind::cdrom));
    ASSERT_TRUE(bound) << describe(bound.error());
    EXPECT_EQ(bound->controller, "dummy_udc.0");
    EXPECT_THAT(bound->absent, IsEmpty());
    EXPECT_EQ(named("0").controller(), "dummy_udc.0");
    const std::string strings = directory("0") + "/strings/0x409/";
    EXPECT_EQ(read(directory("0") + "/idVendor"), "0x1d6b\n");
    EXPECT_EQ(read(directory("0") + "/idProduct"), "0x0104\n");
    EXPECT_EQ(read(strings + "manufacturer"), "OpenBMC\n");
    EXPECT_EQ(read(strings + "product"), "Virtual Media Device\n");
    EXPECT_EQ(read(strings + "serialnumber"), "vmedia-0\n");
    EXPECT_EQ(read(directory("0") + "/configs/c.1/strings/0x409/configuration"),
              "config 1\n");
    EXPECT_EQ(lun("0", "file"), medium + "\n");
    EXPECT_EQ(lun("0", "cdrom"), "1\n");
    EXPECT_EQ(lun("0", "ro"), "1\n");
    EXPECT_EQ(lun("0", "removable"), "1\n");
    EXPECT_EQ(lun("0", "nofua"), "0\n");
    EXPECT_EQ(lun("0", "inquiry_string"), "OpenBMC Media 0         0001\n");
    EXPECT_TRUE(named("0").remove());
    EXPECT_THAT(left(), IsEmpty());
}

TEST_F(GadgetTest, removingTwiceIsFine)
{
    EXPECT_TRUE(named("0").remove());
    EXPECT_TRUE(named("0").remove());
}

TEST_F(GadgetTest, removesWhateverPartACrashLeft)
{
    addController("u.0");
    const size_t steps = stepsFor(drive()).size();
    for (size_t done = 0; done <= steps; ++done)
    {
        ASSERT_TRUE(makeDirectory(directory("0")));
        for (size_t i = 0; i < done; ++i)
        {
            const Step step = stepsFor(drive())[i];
            const std::string path = directory("0") + "/" + step.path;
            const Result<void> made =
                step.what == Step::What::makeDirectory ? makeDirectory(path)
                : step.what == Step::What::link
                    ? makeLink(directory("0") + "/" + step.text, path)
                    : writeAttribute(path, step.text);
            ASSERT_TRUE(made) << describe(made.error());
        }
        const Result<void> removed = named("0").remove();
        ASSERT_TRUE(removed) << done << ": " << describe(removed.error());
        EXPECT_THAT(left(), IsEmpty()) << done;
    }
}

TEST_F(GadgetTest, takesThePlaceOfOneThatIsThere)
{
    addController("u.0");
    ASSERT_TRUE(named("0").start(drive()));
    const Result<Bound> again = named("0").start(drive(MediaKind::cdrom));
    ASSERT_TRUE(again) << describe(again.error());
    EXPECT_EQ(lun("0", "cdrom"), "1\n");
    EXPECT_THAT(left(), ElementsAre("0"));
}

TEST_F(GadgetTest, leavesNothingWhereNoControllerIsFree)
{
    addController("u.0");
    ASSERT_TRUE(named("0").start(drive()));
    const Result<Bound> bound = named("1").start(drive());
    ASSERT_FALSE(bound);
    EXPECT_EQ(bound.error().errorNumber, ENODEV);
    EXPECT_THAT(left(), ElementsAre("0"));
    EXPECT_EQ(named("0").controller(), "u.0");
}

TEST_F(GadgetTest, leavesNothingWhereTheKernelRefusesTheMedium)
{
    addController("u.0");
    Drive missing = drive();
    missing.device = folder.path() / "none";
    const Result<Bound> bound = named("0").start(missing);
    ASSERT_FALSE(bound);
    EXPECT_EQ(bound.error().errorNumber, ENOENT);
    EXPECT_THAT(describe(bound.error()),
                HasSubstr(fmt::format("cannot write '{}' to", missing.device)));
    EXPECT_THAT(describe(bound.error()),
                HasSubstr("lun.0/file: No such file or directory"));
    EXPECT_THAT(left(), IsEmpty());
}

TEST_F(GadgetTest, doesWithoutWhatSomeKernelsLack)
{
    addController("u.0");
    ::setenv("FAKE_CONFIGFS_WITHOUT", "inquiry_string nofua", 1);
    const Result<Bound> bound = named("0").start(drive());
    ::unsetenv("FAKE_CONFIGFS_WITHOUT");
    ASSERT_TRUE(bound) << describe(bound.error());
    EXPECT_THAT(
        bound->absent,
        ElementsAre("functions/mass_storage.usb0/lun.0/nofua",
                    "functions/mass_storage.usb0/lun.0/inquiry_string"));
}

TEST_F(GadgetTest, saysWhichAttributeItCannotDoWithout)
{
    addController("u.0");
    ::setenv("FAKE_CONFIGFS_WITHOUT", "cdrom", 1);
    const Result<Bound> bound = named("0").start(drive());
    ::unsetenv("FAKE_CONFIGFS_WITHOUT");
    ASSERT_FALSE(bound);
    EXPECT_THAT(describe(bound.error()), HasSubstr("lun.0/cdrom"));
    EXPECT_EQ(bound.error().errorNumber, ENOENT);
    EXPECT_THAT(left(), IsEmpty());
}

TEST_F(GadgetTest, isEjectedOnceItsFileIsClosed)
{
    addController("u.0");
    const Gadget gadget = named("0");
    const Result<bool> before = gadget.isEjected();
    ASSERT_FALSE(before);
    EXPECT_EQ(before.error().errorNumber, ENOENT);
    ASSERT_TRUE(gadget.start(drive()));
    EXPECT_EQ(gadget.isEjected(), false);
    ASSERT_TRUE(writeAttribute(
        fmt::format("{}/{}/file", directory("0"), lunFolder), ""));
    EXPECT_EQ(gadget.isEjected(), true);
    EXPECT_TRUE(gadget.remove());
}

TEST_F(GadgetTest, listsOursAndNobodyElses)
{
    addController("u.0");
    hold("u.1");
    for (const char* name : {"10", "2", "iso"})
    {
        ASSERT_TRUE(makeDirectory(directory(name)));
    }
    EXPECT_THAT(left(), ElementsAre("2", "10", "iso"));
    for (const std::string& name : left())
    {
        EXPECT_TRUE(named(name).remove());
    }
    EXPECT_THAT(left(), IsEmpty());
    EXPECT_EQ(holderOf(roots, "u.1"), "other-u.1");
}

TEST_F(GadgetTest, needsConfigfs)
{
    EXPECT_TRUE(needGadgets(roots));
    std::filesystem::remove_all(roots.gadgets());
    const Result<void> there = needGadgets(roots);
    ASSERT_FALSE(there);
    EXPECT_EQ(describe(there.error()),
              "no " + roots.gadgets() +
                  "; modprobe libcomposite, and mount configfs");
    EXPECT_FALSE(listGadgets(roots));
}

TEST_F(GadgetTest, namesAreDirectoriesAndNoPaths)
{
    for (const char* bad :
         {"", ".", "..", "../x", "a/b", ".hidden", "-x", "ä", "a b", "a\n"})
    {
        const auto gadget = Gadget::named(roots, bad);
        ASSERT_FALSE(gadget) << bad;
        EXPECT_EQ(gadget.error().code, Errc::usage);
    }
    EXPECT_TRUE(Gadget::named(roots, "Slot_0.iso-1"));
    EXPECT_TRUE(Gadget::named(roots, std::string(64, 'a')));
    EXPECT_FALSE(Gadget::named(roots, std::string(65, 'a')));
}

} // namespace vmedia::gadget
