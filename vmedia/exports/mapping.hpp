// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <utility>

namespace vmedia::exports
{

/// Zeroes that take memory only where they are written (MAP_NORESERVE).
class Mapping
{
  public:
    /// Errors: @p what and the system's reason.
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
