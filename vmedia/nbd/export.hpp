// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "pack.hpp"
#include "vmedia/error/error.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace vmedia::nbd
{

/// Where the bytes are.
///
/// Units:   offsets and sizes in bytes; the caller has checked the range.
/// Errors:  a system error number, 0 for success; never a short transfer.
/// Threads: any, at the same time; overlapping writes leave either's bytes.
class Export
{
  public:
    virtual ~Export() = default;

    virtual uint64_t size() const = 0;
    virtual bool writable() const = 0;
    virtual int read(std::span<std::byte> into, uint64_t offset) = 0;
    virtual int write(ByteView from, uint64_t offset) = 0;
    virtual int flush() = 0; ///< writes that returned survive a power cut
};

enum class Access : uint8_t
{
    readOnly,
    readWrite,
};

/// A regular file or a block device, raw.
///
/// Errors: missing, unreadable, a directory, empty: each names the file.
Result<std::unique_ptr<Export>> openFile(const std::string& path,
                                         Access access);

/// Zeroes until written; takes memory only for what is written.
Result<std::unique_ptr<Export>> openMemory(uint64_t size, Access access);

/// "512", "64K", "1M", "2G", "1T" (powers of 1024), as nbdkit reads them.
Result<uint64_t> parseSize(std::string_view text);

} // namespace vmedia::nbd
