// SPDX-License-Identifier: Apache-2.0
#include "bzimage.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace sim
{

namespace
{

/// A made-up kernel: a header, @p setupSectors of code, 16 bytes and an "xz".
std::vector<std::byte> kernel(uint8_t setupSectors)
{
    const size_t sectors = setupSectors == 0 ? 4U : setupSectors;
    std::vector<std::byte> file((sectors + 1) * 512 + 16 + 32);
    auto put = [&](size_t at, std::string_view bytes) {
        for (char c : bytes)
        {
            file[at++] = static_cast<std::byte>(c);
        }
    };
    file[0x1f1] = std::byte{setupSectors};
    put(0x202, "HdrS");
    put(0x206, std::string_view("\x0f\x02", 2));
    put(0x248, std::string_view("\x10\0\0\0", 4));
    put(0x24c, std::string_view("\x20\0\0\0", 4));
    put((sectors + 1) * 512 + 16, std::string_view("\xfd"
                                                   "7zXZ\0",
                                                   6));
    return file;
}

} // namespace

TEST(BzImage, payloadIsCountedFromTheProtectedModeCode)
{
    EXPECT_EQ(findPayload(kernel(30)).value(), (Payload{31 * 512 + 16, 32}));
}

TEST(BzImage, noSetupSectorsMeansFour)
{
    EXPECT_EQ(findPayload(kernel(0)).value(), (Payload{5 * 512 + 16, 32}));
}

TEST(BzImage, refusesAFileThatEndsBeforeThePayload)
{
    auto file = kernel(4);
    file.pop_back();
    EXPECT_EQ(findPayload(file).error().what,
              "payload ends at 2608, the file at 2607");
}

TEST(BzImage, refusesEveryPrefixOfAHeader)
{
    const auto file = kernel(4);
    for (size_t size = 0; size < 0x250; ++size)
    {
        const std::vector<std::byte> prefix(
            file.begin(), file.begin() + static_cast<ptrdiff_t>(size));
        EXPECT_FALSE(findPayload(prefix)) << size;
    }
}

TEST(BzImage, refusesAnOldBootProtocol)
{
    auto file = kernel(4);
    file[0x206] = std::byte{7};
    EXPECT_EQ(findPayload(file).error().what,
              "boot protocol 2.07, wanted 2.08 or later: it says where the "
              "payload is");
}

TEST(BzImage, refusesAnotherCompression)
{
    auto file = kernel(4);
    file[5 * 512 + 16] = std::byte{0x1f};
    EXPECT_EQ(findPayload(file).error().what,
              "the payload is not compressed with xz");
}

} // namespace sim
