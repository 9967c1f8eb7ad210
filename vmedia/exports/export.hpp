// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vmedia::exports
{

/// What an export can do beyond being read.
struct Abilities
{
    bool write = false;
    bool flush = false;          ///< and so FUA, which is a write and a flush
    bool trim = false;
    bool zero = false;           ///< by itself; else zeroes are written
    bool fastZero = false;       ///< zero() knows when it would be slow
    bool cache = false;
    bool extents = false;        ///< knows its holes
    bool multiConnection = true; ///< a flush covers writes of all connections
    bool rotational = false;
};

/// How zero() may get there.
struct Zeroing
{
    bool mayPunch = true;  ///< a hole is as good (NBD_CMD_FLAG_NO_HOLE clear)
    bool fastOnly = false; ///< ENOTSUP rather than writing zeroes out
};

/// A run of bytes that are alike; the states of NBD's base:allocation.
struct Extent
{
    uint64_t length = 0;
    bool hole = false; ///< takes no storage
    bool zero = false; ///< reads as zeroes
    bool operator==(const Extent&) const = default;
};

/// What can be asked of an export.
enum class Operation : uint8_t
{
    read,
    write,
    flush,
    trim,
    zero,
    cache,
    extents,
};

/// Where the bytes are.
///
/// Units:   offsets, lengths and sizes in bytes; the caller has checked the
///          range, and calls only what abilities() names.
/// Errors:  a system error number, 0 for success; never a short transfer.
/// Threads: any, at the same time; overlapping writes leave either's bytes.
class Export
{
  public:
    virtual ~Export() = default;

    virtual uint64_t size() const = 0;
    virtual Abilities abilities() const = 0;
    virtual int read(std::span<std::byte> into, uint64_t offset) = 0;

    virtual int write(std::span<const std::byte> from, uint64_t offset);
    virtual int flush(); ///< writes that returned survive a power cut
    virtual int trim(uint64_t offset, uint64_t length);
    virtual int zero(uint64_t offset, uint64_t length, Zeroing how);
    virtual int cache(uint64_t offset, uint64_t length);

    /// Appends what lies from @p offset on: at least one extent, at most
    /// @p most, in all at most @p length bytes, neighbours differ.
    virtual int extents(uint64_t offset, uint64_t length, size_t most,
                        std::vector<Extent>& out);

    /// True if this would wait, for a disk or a network, or take long enough
    /// for others to be served meanwhile. A guess.
    virtual bool mayWait(Operation operation, uint64_t offset, uint64_t length);

    /// A file whose bytes are the export's at the same offsets, so that they
    /// may be sent without being copied through us; -1 if there is none.
    virtual int descriptor() const;

    /// The same for writing, if that is all that write() does, now.
    virtual int descriptorToWrite();

    /// The bytes themselves, as long as the export lives; empty if they are
    /// not to be had, or may be a hole. Only for the kernel to send, which
    /// fails (EFAULT) where the file has become shorter: for us to touch them
    /// then would be the end (SIGBUS). @p afresh looks for that first.
    virtual std::span<const std::byte> mapped(uint64_t offset, uint64_t length,
                                              bool afresh);
};

using ExportPointer = std::unique_ptr<Export>;

enum class Access : uint8_t
{
    readOnly,
    readWrite,
};

/// A regular file or a block device, raw.
///
/// Errors: missing, unreadable, a directory, empty: each names the file.
Result<ExportPointer> openFile(const std::string& path, Access access);

/// Zeroes until written; takes memory only for what is written.
Result<ExportPointer> openMemory(uint64_t size, Access access);

/// Each 8 bytes are their own offset, big-endian, as of nbdkit's pattern
/// plugin. A write that would change them gives EIO.
Result<ExportPointer> openPattern(uint64_t size, Access access);

/// One hole: reads as zeroes, and drops what is written.
Result<ExportPointer> openNull(uint64_t size, Access access);

/// "512", "64K", "1M", "2G", "1T" (powers of 1024), as nbdkit reads them.
Result<uint64_t> parseSize(std::string_view text);

} // namespace vmedia::exports
