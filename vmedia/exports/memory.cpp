// SPDX-License-Identifier: Apache-2.0
#include "extents.hpp"
#include "mapping.hpp"
#include "storage.hpp"

#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <shared_mutex>

namespace vmedia::exports
{

namespace
{

// Of what extents() tells and trim() gives back; any page size divides it.
constexpr uint64_t blockSize = 1 << 16;

class MemoryExport : public Storage
{
  public:
    MemoryExport(Mapping content, Mapping marks, uint64_t bytes, Access mode) :
        Storage(bytes, mode), memory(std::move(content)),
        touched(std::move(marks))
    {}

    int read(std::span<std::byte> into, uint64_t offset) override
    {
        const std::shared_lock lock(giving);
        if (!into.empty())
        {
            std::memcpy(into.data(), memory.data() + offset, into.size());
        }
        return 0;
    }
    int write(std::span<const std::byte> from, uint64_t offset) override
    {
        const std::shared_lock lock(giving);
        if (!from.empty())
        {
            touch(offset, from.size());
            std::memcpy(memory.data() + offset, from.data(), from.size());
        }
        return 0;
    }
    int trim(uint64_t offset, uint64_t length) override
    {
        const std::unique_lock lock(giving);
        const uint64_t end = offset + length;
        while (offset < end)
        {
            const uint64_t block = offset / blockSize;
            const uint64_t next = std::min((block + 1) * blockSize, end);
            const bool whole = offset % blockSize == 0 &&
                               (next % blockSize == 0 || next == bytesTotal);
            if (isTouched(block) && !(whole && giveBack(block, next - offset)))
            {
                std::memset(memory.data() + offset, 0, next - offset);
            }
            offset = next;
        }
        return 0;
    }
    int zero(uint64_t offset, uint64_t length, Zeroing how) override
    {
        if (how.mayPunch)
        {
            return trim(offset, length);
        }
        if (how.fastOnly)
        {
            return ENOTSUP;
        }
        const std::shared_lock lock(giving);
        if (length > 0)
        {
            touch(offset, length);
            std::memset(memory.data() + offset, 0, length);
        }
        return 0;
    }
    int extents(uint64_t offset, uint64_t length, size_t most,
                std::vector<Extent>& out) override
    {
        ExtentList list(out, length, most);
        for (bool more = true; more;)
        {
            const uint64_t block = offset / blockSize;
            const uint64_t next = (block + 1) * blockSize;
            const bool hole = !isTouched(block);
            more = list.add({next - offset, hole, hole});
            offset = next;
        }
        return 0;
    }

  private:
    std::atomic_ref<uint8_t> mark(uint64_t block)
    {
        return std::atomic_ref<uint8_t>(
            *reinterpret_cast<uint8_t*>(touched.data() + block / 8));
    }
    static uint8_t bitOf(uint64_t block)
    {
        return static_cast<uint8_t>(1U << (block % 8));
    }
    bool isTouched(uint64_t block)
    {
        return (mark(block).load() & bitOf(block)) != 0;
    }
    void touch(uint64_t offset, uint64_t length)
    {
        for (uint64_t block = offset / blockSize;
             block <= (offset + length - 1) / blockSize; ++block)
        {
            if (!isTouched(block))
            {
                mark(block).fetch_or(bitOf(block));
            }
        }
    }
    bool giveBack(uint64_t block, uint64_t length)
    {
        if (::madvise(memory.data() + block * blockSize, length,
                      MADV_DONTNEED) != 0)
        {
            return false; // locked in memory, say: then zeroes are written
        }
        mark(block).fetch_and(static_cast<uint8_t>(~bitOf(block)));
        return true;
    }

    Mapping memory;
    Mapping touched; ///< a bit for each block that was written
    // Held alone to give blocks back: a write between the mark and the bytes
    // would leave content that extents() calls a hole.
    std::shared_mutex giving;
};

} // namespace

Result<ExportPointer> openMemory(uint64_t size, Access access)
{
    const std::string what = fmt::format("memory export of {} bytes", size);
    Result<Mapping> content = Mapping::make(size, what);
    if (!content)
    {
        return tl::unexpected(content.error());
    }
    Result<Mapping> marks = Mapping::make(size / blockSize / 8 + 1, what);
    if (!marks)
    {
        return tl::unexpected(marks.error());
    }
    return std::make_unique<MemoryExport>(std::move(*content),
                                          std::move(*marks), size, access);
}

} // namespace vmedia::exports
