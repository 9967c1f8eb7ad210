// SPDX-License-Identifier: Apache-2.0
#include "export.hpp"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>

namespace vmedia::exports
{

namespace
{

class MemoryExport : public Export
{
  public:
    MemoryExport(std::byte* mapped, uint64_t bytes, Access mode) :
        memory(mapped), bytesTotal(bytes), access(mode)
    {}
    MemoryExport(const MemoryExport&) = delete;
    MemoryExport& operator=(const MemoryExport&) = delete;
    ~MemoryExport() override
    {
        ::munmap(memory, bytesTotal);
    }

    uint64_t size() const override
    {
        return bytesTotal;
    }
    Abilities abilities() const override
    {
        const bool writable = access == Access::readWrite;
        return {.write = writable, .flush = writable};
    }
    int read(std::span<std::byte> into, uint64_t offset) override
    {
        if (!into.empty())
        {
            std::memcpy(into.data(), memory + offset, into.size());
        }
        return 0;
    }
    int write(std::span<const std::byte> from, uint64_t offset) override
    {
        if (!from.empty())
        {
            std::memcpy(memory + offset, from.data(), from.size());
        }
        return 0;
    }
    int flush() override
    {
        return 0;
    }

  private:
    std::byte* memory;
    uint64_t bytesTotal;
    Access access;
};

} // namespace

Result<ExportPointer> openMemory(uint64_t size, Access access)
{
    void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
    {
        return failErrno(errno, fmt::format("memory export of {} bytes", size),
                         "give a size that the address space holds");
    }
    return std::make_unique<MemoryExport>(static_cast<std::byte*>(memory), size,
                                          access);
}

} // namespace vmedia::exports
