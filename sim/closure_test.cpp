// SPDX-License-Identifier: Apache-2.0
#include "closure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sim
{
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Ldd, givesLibrariesAndTheLoaderButNotTheVdso)
{
    std::vector<std::string> missing;
    EXPECT_THAT(
        parseLdd("\tlinux-vdso.so.1 (0x00007ffd3b5f2000)\n"
                 "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)\n"
                 "\t/lib64/ld-linux-x86-64.so.2 (0x00007f51a1c2a000)\n",
                 missing),
        ElementsAre("/lib/x86_64-linux-gnu/libc.so.6",
                    "/lib64/ld-linux-x86-64.so.2"));
    EXPECT_THAT(missing, IsEmpty());
}

TEST(Ldd, namesWhatIsNotFound)
{
    std::vector<std::string> missing;
    EXPECT_THAT(parseLdd("\tlibx.so.1 => not found\n", missing), IsEmpty());
    EXPECT_THAT(missing, ElementsAre("libx.so.1"));
}

TEST(Ldd, aStaticProgramNeedsNothing)
{
    std::vector<std::string> missing;
    EXPECT_THAT(parseLdd("\tstatically linked\n", missing), IsEmpty());
    EXPECT_THAT(parseLdd("\tnot a dynamic executable\n", missing), IsEmpty());
    EXPECT_THAT(missing, IsEmpty());
}

TEST(ModuleIndex, dashAndUnderscoreAreTheSame)
{
    const ModuleIndex index("kernel/drivers/usb/host/xhci-pci.ko: a.ko\n");
    ASSERT_NE(index.find("xhci_pci"), nullptr);
    EXPECT_EQ(index.find("xhci-pci"), index.find("xhci_pci"));
    EXPECT_EQ(index.find("xhci"), nullptr);
}

TEST(ModuleIndex, subsetHoldsTheModuleWithAllItNeedsAndNoOther)
{
    const ModuleIndex index("k/a.ko: k/b.ko k/c.ko\n"
                            "k/b.ko: k/c.ko\n"
                            "k/c.ko:\n"
                            "k/d.ko: k/c.ko\n");
    std::vector<std::string> files;
    EXPECT_EQ(index.subset({"a", "builtin"}, files),
              "k/a.ko: k/b.ko k/c.ko\nk/b.ko: k/c.ko\nk/c.ko:\n");
    EXPECT_THAT(files, ElementsAre("k/a.ko", "k/b.ko", "k/c.ko"));
}

} // namespace sim
