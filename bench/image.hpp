// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>

namespace bench
{

/// The word that belongs at @p offset (of bytes, a multiple of 8): so each
/// word differs from its neighbours, and one that is misplaced is seen.
constexpr uint64_t wordAt(uint64_t seed, uint64_t offset)
{
    // splitmix64's finaliser
    uint64_t z = seed + offset * 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/// The file that each peer serves: full of data, so that no hole helps.
///
/// Shape:  the first half is only read and holds wordAt(seed, offset); the
///         second half is for writes. So a read can be checked at any time.
/// Owner:  removes the file when it goes.
class Image
{
  public:
    /// Errors: @p directory cannot be written, or has not @p size bytes free.
    static vmedia::Result<Image> make(const std::filesystem::path& directory,
                                      uint64_t size, uint64_t seed);

    Image(Image&& other) noexcept;
    Image& operator=(Image&&) = delete;
    ~Image();

    const std::filesystem::path& path() const
    {
        return file;
    }
    uint64_t size() const
    {
        return bytes;
    }
    uint64_t half() const
    {
        return bytes / 2;
    }
    uint64_t seed() const
    {
        return contentSeed;
    }

    /// Whether @p piece, read at @p offset, has the right first and last
    /// whole words; counts into @p checked how many were looked at.
    bool matches(uint64_t offset, std::span<const std::byte> piece,
                 uint64_t& checked) const;

    /// What the file holds now.
    std::span<const std::byte> content() const
    {
        return {mapped, bytes};
    }

  private:
    Image(std::filesystem::path path, std::byte* map, uint64_t size,
          uint64_t seed);

    std::filesystem::path file;
    std::byte* mapped;
    uint64_t bytes;
    uint64_t contentSeed;
};

inline uint64_t loadWord(const std::byte* from)
{
    uint64_t word = 0;
    std::memcpy(&word, from, sizeof(word));
    return word;
}

} // namespace bench
