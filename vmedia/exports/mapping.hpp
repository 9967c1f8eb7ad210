// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace vmedia::exports
{

/// A stretch of address space: of zeroes that take memory only where they are
/// written (MAP_NORESERVE), or of a file's bytes.
class Mapping
{
  public:
    /// Zeroes. Errors: @p what and the system's reason.
    static Result<Mapping> make(uint64_t size, std::string what)
    {
        void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                              0);
        if (memory == MAP_FAILED)
        {
            return failErrno(errno, std::move(what),
                             "give a size that the address space holds");
        }
        return Mapping(static_cast<std::byte*>(memory), size);
    }
    /// A file's bytes, to be read only; none where the address space is too
    /// small or the file system cannot.
    static std::optional<Mapping> ofFile(int file, uint64_t size)
    {
        if (size > SIZE_MAX / 2)
        {
            return std::nullopt;
        }
        void* memory = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
        if (memory == MAP_FAILED)
        {
            return std::nullopt;
        }
        return Mapping(static_cast<std::byte*>(memory), size);
    }
    Mapping(Mapping&& other) noexcept :
        memory(std::exchange(other.memory, nullptr)), bytes(other.bytes)
    {}
    Mapping& operator=(Mapping&&) = delete;
    ~Mapping()
    {
        if (memory != nullptr)
        {
            ::munmap(memory, bytes);
        }
    }

    std::byte* data()
    {
        return memory;
    }

    /// True if the kernel has those bytes in memory, or does not tell.
    bool isResident(uint64_t offset, uint64_t length) const
    {
        constexpr size_t step = 1 << 20;
        std::array<unsigned char, step / 4096 + 2> pages{};
        const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
        const uint64_t end = offset + length;
        for (uint64_t at = offset / page * page; at < end; at += step)
        {
            const size_t size = std::min<uint64_t>(step, end - at);
            if (::mincore(memory + at, size, pages.data()) == 0 &&
                std::any_of(pages.begin(),
                            pages.begin() + (size + page - 1) / page,
                            [](unsigned char one) { return (one & 1) == 0; }))
            {
                return false;
            }
        }
        return true;
    }

  private:
    Mapping(std::byte* mapped, uint64_t size) : memory(mapped), bytes(size) {}

    std::byte* memory;
    uint64_t bytes;
};

} // namespace vmedia::exports
