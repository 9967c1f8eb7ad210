// SPDX-License-Identifier: Apache-2.0
#include "mapped_copy.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace vmedia::exports
{
namespace
{

constexpr size_t size = 256 << 10;

/// A file in memory, mapped, and full of ones.
class MappedCopy : public testing::Test
{
  protected:
    MappedCopy() : file(::memfd_create("image", MFD_CLOEXEC))
    {
        const std::vector<std::byte> ones(size, std::byte{1});
        if (::write(file, ones.data(), size) != ssize_t{size})
        {
            throw std::runtime_error("no memfd");
        }
        memory = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
    }
    ~MappedCopy() override
    {
        ::munmap(memory, size);
        ::close(file);
    }
    std::span<const std::byte> mapped() const
    {
        return {static_cast<const std::byte*>(memory), size};
    }
    bool copies(size_t from)
    {
        std::vector<std::byte> into(size - from);
        return copyMapped(into, mapped().subspan(from)) &&
               std::ranges::count(into, std::byte{1}) ==
                   static_cast<std::ptrdiff_t>(into.size());
    }

    int file;
    void* memory = nullptr;
};

TEST_F(MappedCopy, copiesFromAnyPlace)
{
    EXPECT_TRUE(copies(0));
    EXPECT_TRUE(copies(size - 1));
    EXPECT_TRUE(copies(4097));
    EXPECT_TRUE(isResident(mapped()));
    EXPECT_TRUE(isResident(mapped().subspan(4097, 3)));
}

TEST_F(MappedCopy, aFileThatBecameShorterEndsTheCopyAndNothingElse)
{
    ASSERT_EQ(::ftruncate(file, size / 2), 0);
    EXPECT_FALSE(isResident(mapped()));
    EXPECT_FALSE(copies(0));
    EXPECT_FALSE(copies(0)); // the signal is not blocked afterwards
    std::thread([this] { EXPECT_FALSE(copies(size / 2)); }).join();
    ASSERT_EQ(::ftruncate(file, 0), 0);
    EXPECT_FALSE(copies(0));
}

TEST_F(MappedCopy, aSigbusOfSomebodyElseEndsTheProcess)
{
    EXPECT_TRUE(copies(0));
    ASSERT_EQ(::ftruncate(file, 0), 0);
    EXPECT_DEATH(
        {
            const auto* byte = static_cast<const volatile std::byte*>(memory);
            static_cast<void>(*byte);
        },
        "");
}

} // namespace
} // namespace vmedia::exports
