// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <sys/mman.h>

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

  private:
    Mapping(std::byte* mapped, uint64_t size) : memory(mapped), bytes(size) {}

    std::byte* memory;
    uint64_t bytes;
};

} // namespace vmedia::exports
