// SPDX-License-Identifier: Apache-2.0
// Content that is computed, not stored: pattern and null.
#include "storage.hpp"

#include <cerrno>
#include <cstring>

namespace vmedia::exports
{

namespace
{

/// As nbdkit-pattern-plugin(1): 8-byte words, big-endian, of their own offset.
std::byte patternAt(uint64_t offset)
{
    const uint64_t word = offset & ~uint64_t{7};
    return static_cast<std::byte>(word >> (8 * (7 - offset % 8)));
}

class PatternExport : public Storage
{
  public:
    using Storage::Storage;

    Abilities abilities() const override
    {
        const bool writable = access == Access::readWrite;
        return {.write = writable, .flush = writable, .cache = true};
    }
    int read(std::span<std::byte> into, uint64_t offset) override
    {
        for (std::byte& byte : into)
        {
            byte = patternAt(offset++);
        }
        return 0;
    }
    /// nbdkit's, too, takes what it would read back, and EIO for the rest.
    int write(std::span<const std::byte> from, uint64_t offset) override
    {
        for (const std::byte byte : from)
        {
            if (byte != patternAt(offset++))
            {
                return EIO;
            }
        }
        return 0;
    }
};

class NullExport : public Storage
{
  public:
    using Storage::Storage;

    int read(std::span<std::byte> into, uint64_t) override
    {
        if (!into.empty())
        {
            std::memset(into.data(), 0, into.size());
        }
        return 0;
    }
    int write(std::span<const std::byte>, uint64_t) override
    {
        return 0;
    }
    int trim(uint64_t, uint64_t) override
    {
        return 0;
    }
    int zero(uint64_t, uint64_t, Zeroing) override
    {
        return 0;
    }
    int extents(uint64_t, uint64_t length, size_t,
                std::vector<Extent>& out) override
    {
        out.push_back({length, true, true});
        return 0;
    }
};

} // namespace

Result<ExportPointer> openPattern(uint64_t size, Access access)
{
    return std::make_unique<PatternExport>(size, access);
}

Result<ExportPointer> openNull(uint64_t size, Access access)
{
    return std::make_unique<NullExport>(size, access);
}

} // namespace vmedia::exports
