// SPDX-License-Identifier: Apache-2.0
//
// The library on a real kernel, which is its own host: dummy_hcd plugs the
// gadget into the machine that makes it. Runs in the VM of
// sim/scenarios/test_gadget.py, which has three controllers; there
// TAKEN=dummy_udc.0 says that another driver has that one.
#include "configfs.hpp"
#include "descriptor.hpp"
#include "gadget.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/cdrom.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmedia::gadget
{

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using namespace std::chrono_literals;

namespace fs = std::filesystem;

class Kernel : public testing::Test
{
  protected:
    void TearDown() override
    {
        for (const std::string& name : left())
        {
            const Result<void> removed = named(name).remove();
            EXPECT_TRUE(removed) << describe(removed.error());
        }
        EXPECT_THAT(left(), IsEmpty());
        fs::remove(medium);
    }

    Gadget named(const std::string& name) const
    {
        return *Gadget::named(roots, name);
    }

    std::vector<std::string> left() const
    {
        return *listGadgets(roots);
    }

    /// A drive with a sparse medium of @p size bytes.
    Drive drive(MediaKind kind, uint64_t size = 1 << 20) const
    {
        std::ofstream(medium, std::ios::app).flush();
        fs::resize_file(medium, size);
        Drive one;
        one.device = medium;
        one.kind = kind;
        return one;
    }

    std::string lun(std::string_view attribute) const
    {
        return fmt::format("{}/vmedia-0/{}/{}", roots.gadgets(), lunFolder,
                           attribute);
    }

    /// Looks each 20 ms, for 20 s: neither /sys nor configfs raises an event.
    static bool becomes(const std::function<bool()>& true_)
    {
        const auto end = std::chrono::steady_clock::now() + 20s;
        while (!true_())
        {
            if (std::chrono::steady_clock::now() > end)
            {
                return false;
            }
            std::this_thread::sleep_for(20ms);
        }
        return true;
    }

    /// The host's CD-ROM drive, once it has the medium's size, in blocks of
    /// 512 bytes.
    static testing::AssertionResult hostSees(uint64_t blocks)
    {
        std::string seen;
        const bool there = becomes([&] {
            // Opening is what makes the kernel ask for the size.
            const Descriptor drive(
                ::open("/dev/sr0", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
            const Descriptor data(::open("/dev/sr0", O_RDONLY | O_CLOEXEC));
            seen = readAttribute("/sys/block/sr0/size").value_or("none");
            return data && seen == std::to_string(blocks);
        });
        return there ? testing::AssertionSuccess()
                     : testing::AssertionFailure() << "/dev/sr0 has " << seen;
    }

    const Roots roots{};
    const std::string medium = fs::temp_directory_path() / "medium";
};

TEST_F(Kernel, thoseWhoStartAtOnceEachGetTheirOwnController)
{
    std::vector<Result<Bound>> bound(3);
    std::vector<std::thread> threads;
    const Drive one = drive(MediaKind::disk);
    for (size_t i = 0; i < bound.size(); ++i)
    {
        threads.emplace_back(
            [&, i] { bound[i] = named(std::to_string(i)).start(one); });
    }
    std::vector<std::string> got;
    for (size_t i = 0; i < bound.size(); ++i)
    {
        threads[i].join();
        ASSERT_TRUE(bound[i]) << describe(bound[i].error());
        EXPECT_THAT(bound[i]->absent, IsEmpty());
        got.push_back(bound[i]->controller);
    }
    EXPECT_THAT(
        got, UnorderedElementsAre("dummy_udc.0", "dummy_udc.1", "dummy_udc.2"));
    EXPECT_THAT(left(), ElementsAre("0", "1", "2"));
    const Result<Bound> more = named("3").start(one);
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().errorNumber, ENODEV) << describe(more.error());
    EXPECT_THAT(left(), ElementsAre("0", "1", "2"));
}

TEST_F(Kernel, aControllerThatAnotherDriverHasIsSkipped)
{
    if (std::getenv("TAKEN") == nullptr)
    {
        GTEST_SKIP() << "no other driver here";
    }
    const Drive one = drive(MediaKind::disk);
    EXPECT_EQ(named("0").start(one)->controller, "dummy_udc.1");
    EXPECT_EQ(named("1").start(one)->controller, "dummy_udc.2");
    const Result<Bound> more = named("2").start(one);
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().errorNumber, EBUSY);
    EXPECT_EQ(describe(more.error()), "every free UDC refused gadget vmedia-2: "
                                      "dummy_udc.0; see dmesg");
    EXPECT_THAT(left(), ElementsAre("0", "1"));
}

TEST_F(Kernel, removesWhateverPartACrashLeft)
{
    Drive one = drive(MediaKind::cdrom);
    const std::vector<Step> steps = stepsFor(one);
    const std::string directory = roots.gadgets() + "/vmedia-0/";
    for (size_t done = 0; done <= steps.size() + 1; ++done)
    {
        ASSERT_TRUE(makeDirectory(directory));
        for (size_t i = 0; i < std::min(done, steps.size()); ++i)
        {
            const std::string path = directory + steps[i].path;
            const Result<void> made =
                steps[i].what == Step::What::makeDirectory ? makeDirectory(path)
                : steps[i].what == Step::What::link
                    ? makeLink(directory + steps[i].text, path)
                    : writeAttribute(path, steps[i].text);
            ASSERT_TRUE(made) << describe(made.error());
        }
        if (done > steps.size())
        {
            ASSERT_TRUE(bindToFree(roots, directory));
        }
        const Result<void> removed = named("0").remove();
        ASSERT_TRUE(removed) << done << ": " << describe(removed.error());
        EXPECT_THAT(left(), IsEmpty()) << done;
    }
}

TEST_F(Kernel, doesNotTellOfAnEjectionButAnswersWhenAsked)
{
    ASSERT_TRUE(named("0").start(drive(MediaKind::cdrom)));
    ASSERT_TRUE(hostSees(2048));
    EXPECT_EQ(named("0").isEjected(), false);
    const Descriptor file(::open(lun("file").c_str(), O_RDONLY | O_CLOEXEC));
    char path[PATH_MAX];
    ASSERT_GT(::read(file.get(), path, sizeof path), 0);
    {
        const Descriptor host(
            ::open("/dev/sr0", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
        ASSERT_EQ(::ioctl(host.get(), CDROMEJECT), 0) << errno;
    }
    // What sysfs_notify() would raise, if anybody called it.
    pollfd change{file.get(), POLLPRI, 0};
    EXPECT_EQ(::poll(&change, 1, 100), 0) << change.revents;
    EXPECT_EQ(named("0").isEjected(), true);
    EXPECT_NE(*named("0").controller(), "");
}

TEST_F(Kernel, removesADriveWhoseMediumTheHostHasLocked)
{
    ASSERT_TRUE(named("0").start(drive(MediaKind::cdrom)));
    ASSERT_TRUE(hostSees(2048));
    // Opened for its data, and so locked by the kernel.
    const Descriptor host(::open("/dev/sr0", O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(host);
    const Result<void> taken = writeAttribute(lun("file"), "");
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().errorNumber, EBUSY);
    const Result<void> removed = named("0").remove();
    EXPECT_TRUE(removed) << describe(removed.error());
}

TEST_F(Kernel, cdromHasTheLimitsThatWeSay)
{
    const Result<Bound> small = named("0").start(
        drive(MediaKind::cdrom, cdromSectorsLeast * cdromSectorSize - 1));
    ASSERT_FALSE(small);
    EXPECT_EQ(small.error().errorNumber, 525) << describe(small.error());
    EXPECT_TRUE(named("0").start(
        drive(MediaKind::cdrom, cdromSectorsLeast * cdromSectorSize)));
    EXPECT_TRUE(named("0").remove());

    constexpr uint64_t most = cdromSectorsMost * cdromSectorSize;
    ASSERT_TRUE(named("0").start(drive(MediaKind::cdrom, most)));
    EXPECT_TRUE(hostSees(most / 512));
    EXPECT_TRUE(named("0").remove());
    ASSERT_TRUE(
        named("0").start(drive(MediaKind::cdrom, most + cdromSectorSize)));
    EXPECT_TRUE(hostSees(most / 512)) << "one sector more is one sector lost";
}

TEST_F(Kernel, wantsTheOrderThatWeKeep)
{
    ASSERT_TRUE(named("0").start(drive(MediaKind::disk)));
    for (const char* attribute : {"ro", "cdrom"})
    {
        const Result<void> late = writeAttribute(lun(attribute), "1");
        ASSERT_FALSE(late) << attribute;
        EXPECT_EQ(late.error().errorNumber, EBUSY);
    }
    for (const char* attribute : {"nofua", "removable", "inquiry_string"})
    {
        EXPECT_TRUE(writeAttribute(lun(attribute), "1")) << attribute;
    }
}

} // namespace vmedia::gadget
