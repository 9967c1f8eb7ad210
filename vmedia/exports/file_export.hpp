// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "descriptor.hpp"
#include "mapping.hpp"
#include "storage.hpp"

#include <sys/types.h>

#include <mutex>

namespace vmedia::exports
{

/// A regular file, and what a block device is beside its own calls.
class FileExport : public Storage
{
  public:
    FileExport(Descriptor opened, uint64_t bytes, Access mode,
               std::optional<Mapping> content = std::nullopt);

    Abilities abilities() const override;
    int read(std::span<std::byte> into, uint64_t offset) override;
    int write(std::span<const std::byte> from, uint64_t offset) override;
    int flush() override;
    int trim(uint64_t offset, uint64_t length) override;
    int zero(uint64_t offset, uint64_t length, Zeroing how) override;
    int cache(uint64_t offset, uint64_t length) override;
    int extents(uint64_t offset, uint64_t length, size_t most,
                std::vector<Extent>& out) override;
    bool mayWait(Operation operation, uint64_t offset,
                 uint64_t length) override;
    int descriptorToWrite() override;
    int descriptor() const override
    {
        return file.get();
    }
    std::span<const std::byte> mapped(uint64_t offset, uint64_t length,
                                      bool afresh) override;

  protected:
    Descriptor file;

  private:
    int punch(uint64_t offset, uint64_t length);
    /// One run of data is remembered: to find its end may cost a look at every
    /// page behind it (tmpfs), and a client reads it in small steps. What is
    /// remembered wrongly is a hole that is told as data, which it may be.
    bool isKnownData(uint64_t offset, uint64_t length);
    /// The same for who only wants to spare a copy: to ask costs as much as
    /// some copies do, so that in a file of short runs it is rarely asked.
    /// (A hole must not be sent from the mapping: tmpfs would fill it.)
    bool isWorthKnowing(uint64_t offset, uint64_t length);
    /// Neither fallocate() nor pwrite() minds a range behind the end of file,
    /// and a write there would make zeroes of what was lost.
    bool shrank() const;

    struct Run
    {
        uint64_t from = 0;
        uint64_t to = 0;

        bool holds(uint64_t offset, uint64_t length) const
        {
            return offset >= from && offset + length <= to;
        }
    };

    bool tellsHoles;
    bool inMemory; ///< all of it: nothing waits
    std::mutex knowing;
    Run known{};
    unsigned unknown = 0; ///< times that mapped() was asked outside of it
    std::optional<Mapping> image; ///< of a regular file
};

/// A block device that is open.
ExportPointer serveDevice(Descriptor file, uint64_t size, Access access,
                          dev_t device);

} // namespace vmedia::exports
