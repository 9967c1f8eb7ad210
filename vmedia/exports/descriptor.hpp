// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "export.hpp"

namespace vmedia::exports
{

/// A file descriptor that we own, and whole transfers at offsets of it.
///
/// Errors:  a system error number, 0 for success. ENOTSUP is what the file
///          system or the device cannot do.
/// Threads: any, at the same time: nothing here uses the file's position.
class Descriptor
{
  public:
    explicit Descriptor(int opened) : number(opened) {}
    Descriptor(Descriptor&& other) noexcept;
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor();

    int get() const
    {
        return number;
    }

    /// EIO where the file ends too early.
    int read(std::span<std::byte> into, uint64_t offset) const;
    int write(std::span<const std::byte> from, uint64_t offset) const;
    /// Writes zeroes out, in pieces.
    int writeZeroes(uint64_t offset, uint64_t length) const;
    /// fallocate(2), repeated when a signal interrupts it.
    int allocate(int mode, uint64_t offset, uint64_t length) const;

    /// As Export::extents(), for a file of @p size: by SEEK_DATA and
    /// SEEK_HOLE, and data all through where those do not tell.
    int extents(uint64_t size, uint64_t offset, uint64_t length, size_t most,
                std::vector<Extent>& out) const;

  private:
    int number;
};

} // namespace vmedia::exports
