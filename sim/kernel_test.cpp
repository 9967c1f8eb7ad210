// SPDX-License-Identifier: Apache-2.0
#include "fixtures/temp_dir.hpp"
#include "kernel.hpp"

#include <fstream>

#include <gtest/gtest.h>

namespace sim
{
namespace fs = std::filesystem;

namespace
{

/// An unpacked package: a kernel and, if wanted, what depmod makes.
void unpack(const fs::path& root, const std::string& version, bool depmod)
{
    fs::create_directories(root / "boot");
    fs::create_directories(root / "lib/modules" / version);
    std::ofstream(root / "boot" / ("vmlinuz-" + version)) << "kernel";
    if (depmod)
    {
        std::ofstream(root / "lib/modules" / version / "modules.dep") << "";
    }
}

} // namespace

TEST(Kernel, newestOfTheCacheWinsByVersionNotByAlphabet)
{
    const fixtures::TempDir cache;
    for (std::string version : {"6.1.0-9-amd64", "6.1.0-56-amd64"})
    {
        unpack(cache.path() / "linux" / version, version, true);
    }
    EXPECT_EQ(findKernel({}, cache.path()).value().version, "6.1.0-56-amd64");
}

TEST(Kernel, cloudFlavourIsPassedOverForItHasNoGadgets)
{
    const fixtures::TempDir root;
    unpack(root.path(), "6.1.0-9-amd64", true);
    unpack(root.path(), "6.1.0-56-cloud-amd64", true);
    EXPECT_EQ(findKernel(root.path(), {}).value().version, "6.1.0-9-amd64");
}

TEST(Kernel, oneThatIsBeingFetchedIsNotThereYet)
{
    const fixtures::TempDir cache;
    unpack(cache.path() / "linux/.fetch-x", "6.1.0-56-amd64", true);
    unpack(cache.path() / "linux/6.1.0-9-amd64", "6.1.0-9-amd64", true);
    EXPECT_EQ(findKernel({}, cache.path()).value().version, "6.1.0-9-amd64");
}

TEST(Kernel, withoutModuleIndexItSaysWhatMakesOne)
{
    const fixtures::TempDir root;
    unpack(root.path(), "6.1.0-9-amd64", false);
    EXPECT_EQ(findKernel(root.path(), {}).error().hint,
              "depmod -b " + root.path().string() + " 6.1.0-9-amd64");
}

TEST(Kernel, anEmptyFolderIsNamed)
{
    const fixtures::TempDir root;
    const auto kernel = findKernel(root.path(), {});
    ASSERT_FALSE(kernel);
    EXPECT_EQ(kernel.error().what,
              root.path().string() + " holds no boot/vmlinuz-*-amd64");
}

} // namespace sim
