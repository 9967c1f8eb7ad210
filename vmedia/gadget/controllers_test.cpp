// SPDX-License-Identifier: Apache-2.0
#include "configfs.hpp"
#include "fake_roots.hpp"

#include <cerrno>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmedia::gadget
{

using testing::ElementsAre;
using testing::IsEmpty;

class Controllers : public FakeRoots
{
  protected:
    /// A gadget with a function in it, which is what can be bound.
    std::string gadget(const std::string& name) const
    {
        std::string directory = roots.gadgets() + "/" + name;
        const std::string function = directory + "/functions/mass_storage.usb0";
        EXPECT_TRUE(makeDirectory(directory));
        EXPECT_TRUE(makeDirectory(directory + "/configs/c.1"));
        EXPECT_TRUE(makeDirectory(function));
        EXPECT_TRUE(makeLink(function, directory + "/configs/c.1/function"));
        return directory;
    }
};

TEST_F(Controllers, areTriedInTheOrderOfPeople)
{
    for (const char* name :
         {"dummy_udc.10", "dummy_udc.2", "dummy_udc.1", "1e6a0000.usb-vhub:p10",
          "1e6a0000.usb-vhub:p9", "f0831000.udc", "80402000.udc"})
    {
        addController(name);
    }
    EXPECT_THAT(listControllers(roots),
                ElementsAre("1e6a0000.usb-vhub:p9", "1e6a0000.usb-vhub:p10",
                            "80402000.udc", "dummy_udc.1", "dummy_udc.2",
                            "dummy_udc.10", "f0831000.udc"));
}

TEST_F(Controllers, noneIsNoFailureOfTheList)
{
    std::filesystem::remove(roots.udcClass);
    EXPECT_THAT(listControllers(roots), IsEmpty());
    const auto bound = bindToFree(roots, gadget("a"));
    ASSERT_FALSE(bound);
    EXPECT_EQ(bound.error().errorNumber, ENODEV);
    EXPECT_EQ(bound.error().what, "no UDC in " + roots.udcClass);
}

TEST_F(Controllers, areHeldByTheirWholeName)
{
    for (const char* name : {"dummy_udc.1", "dummy_udc.10"})
    {
        addController(name);
    }
    hold("dummy_udc.10");
    EXPECT_EQ(holderOf(roots, "dummy_udc.10"), "other-dummy_udc.10");
    EXPECT_EQ(holderOf(roots, "dummy_udc.1"), "");
    EXPECT_EQ(bindToFree(roots, gadget("a")), "dummy_udc.1");
    EXPECT_EQ(holderOf(roots, "dummy_udc.1"), "a");
}

TEST_F(Controllers, noFreeOneIsOneLineAndAnErrorNumber)
{
    addController("u.0");
    hold("u.0");
    const auto bound = bindToFree(roots, gadget("a"));
    ASSERT_FALSE(bound);
    EXPECT_EQ(bound.error().errorNumber, ENODEV);
    EXPECT_EQ(describe(bound.error()), "no free UDC in " + roots.udcClass +
                                           "; stop another medium first");
}

TEST_F(Controllers, oneThatRefusesIsSkipped)
{
    addController("u.0", EBUSY);
    addController("u.1", EINVAL);
    addController("u.2");
    EXPECT_EQ(bindToFree(roots, gadget("a")), "u.2");
    const auto bound = bindToFree(roots, gadget("b"));
    ASSERT_FALSE(bound);
    EXPECT_EQ(bound.error().errorNumber, EBUSY);
    EXPECT_EQ(describe(bound.error()),
              "every free UDC refused gadget b: u.0 u.1; see dmesg");
}

TEST_F(Controllers, oneThatGoesAwayIsNoRefusal)
{
    addController("u.0", ENODEV);
    const auto bound = bindToFree(roots, gadget("a"));
    ASSERT_FALSE(bound);
    EXPECT_EQ(bound.error().errorNumber, ENODEV);
    EXPECT_EQ(bound.error().what, "no free UDC in " + roots.udcClass);
}

TEST_F(Controllers, thoseWhoBindAtOnceEachGetTheirOwn)
{
    constexpr int count = 8;
    std::vector<std::string> gadgets;
    for (int i = 0; i < count; ++i)
    {
        addController("u." + std::to_string(i));
        gadgets.push_back(gadget("g" + std::to_string(i)));
    }
    std::vector<Result<std::string>> bound(count);
    std::vector<std::thread> threads;
    for (size_t i = 0; i < count; ++i)
    {
        threads.emplace_back(
            [&, i] { bound[i] = bindToFree(roots, gadgets[i]); });
    }
    std::vector<std::string> got;
    for (size_t i = 0; i < count; ++i)
    {
        threads[i].join();
        ASSERT_TRUE(bound[i]) << describe(bound[i].error());
        got.push_back(*bound[i]);
    }
    EXPECT_THAT(got,
                testing::UnorderedElementsAreArray(listControllers(roots)));
}

TEST_F(Controllers, thoseWhoAreTooManyAreToldSoAndNotThatTheyWereRefused)
{
    addController("u.0");
    const std::string gadgets[] = {gadget("a"), gadget("b")};
    Result<std::string> bound[2];
    std::thread other([&] { bound[0] = bindToFree(roots, gadgets[0]); });
    bound[1] = bindToFree(roots, gadgets[1]);
    other.join();
    EXPECT_NE(bound[0].has_value(), bound[1].has_value());
    const auto& late = bound[0] ? bound[1] : bound[0];
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().errorNumber, ENODEV) << describe(late.error());
}

} // namespace vmedia::gadget
