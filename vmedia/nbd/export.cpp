// SPDX-License-Identifier: Apache-2.0
#include "export.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>

namespace vmedia::nbd
{

namespace
{

class FileExport : public Export
{
  public:
    FileExport(int opened, uint64_t bytes, Access mode) :
        descriptor(opened), bytesTotal(bytes), access(mode)
    {}
    FileExport(const FileExport&) = delete;
    FileExport& operator=(const FileExport&) = delete;
    ~FileExport() override
    {
        ::close(descriptor);
    }

    uint64_t size() const override
    {
        return bytesTotal;
    }
    bool writable() const override
    {
        return access == Access::readWrite;
    }
    int read(std::span<std::byte> into, uint64_t offset) override
    {
        while (!into.empty())
        {
            const ssize_t got = ::pread(descriptor, into.data(), into.size(),
                                        static_cast<off_t>(offset));
            if (got < 0 && errno == EINTR)
            {
                continue;
            }
            if (got <= 0)
            {
                // An end of file here: the file shrank while it was served.
                return got < 0 ? errno : EIO;
            }
            into = into.subspan(static_cast<size_t>(got));
            offset += static_cast<uint64_t>(got);
        }
        return 0;
    }
    int write(ByteView from, uint64_t offset) override
    {
        while (!from.empty())
        {
            const ssize_t put = ::pwrite(descriptor, from.data(), from.size(),
                                         static_cast<off_t>(offset));
            if (put < 0 && errno == EINTR)
            {
                continue;
            }
            if (put <= 0)
            {
                return put < 0 ? errno : EIO;
            }
            from = from.subspan(static_cast<size_t>(put));
            offset += static_cast<uint64_t>(put);
        }
        return 0;
    }
    int flush() override
    {
        return ::fdatasync(descriptor) == 0 ? 0 : errno;
    }

  private:
    int descriptor;
    uint64_t bytesTotal;
    Access access;
};

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
    bool writable() const override
    {
        return access == Access::readWrite;
    }
    int read(std::span<std::byte> into, uint64_t offset) override
    {
        if (!into.empty())
        {
            std::memcpy(into.data(), memory + offset, into.size());
        }
        return 0;
    }
    int write(ByteView from, uint64_t offset) override
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

/// The size of what is open, or a number of the system's for why not.
Result<uint64_t> sizeOf(int descriptor, const std::string& path)
{
    struct stat status = {};
    if (::fstat(descriptor, &status) != 0)
    {
        return failErrno(errno, path);
    }
    if (S_ISDIR(status.st_mode))
    {
        return fail(Errc::usage, path + ": is a directory",
                    "give an image file or a block device");
    }
    uint64_t size = static_cast<uint64_t>(status.st_size);
    if (S_ISBLK(status.st_mode))
    {
        if (::ioctl(descriptor, BLKGETSIZE64, &size) != 0)
        {
            return failErrno(errno, path + ": its size");
        }
    }
    else if (!S_ISREG(status.st_mode))
    {
        return fail(Errc::usage,
                    path + ": is neither a regular file nor a block device",
                    "give an image file or a block device");
    }
    if (size == 0)
    {
        return fail(Errc::usage, path + ": is empty (0 bytes)",
                    "give an image with content");
    }
    return size;
}

} // namespace

Result<std::unique_ptr<Export>> openFile(const std::string& path, Access access)
{
    // O_NONBLOCK: a FIFO given by mistake must not hang the start.
    const int flags = O_CLOEXEC | O_NONBLOCK |
                      (access == Access::readOnly ? O_RDONLY : O_RDWR);
    const int descriptor = ::open(path.c_str(), flags);
    if (descriptor < 0)
    {
        if (errno == EISDIR)
        {
            return fail(Errc::usage, path + ": is a directory",
                        "give an image file or a block device");
        }
        const bool maybeReadOnly = access == Access::readWrite &&
                                   ::access(path.c_str(), R_OK) == 0;
        return failErrno(errno, path,
                         maybeReadOnly
                             ? "serve it read-only (--readonly), or make it "
                               "writable"
                             : "check the path and its permissions");
    }
    Result<uint64_t> size = sizeOf(descriptor, path);
    if (!size)
    {
        ::close(descriptor);
        return tl::unexpected(size.error());
    }
    return std::make_unique<FileExport>(descriptor, *size, access);
}

Result<std::unique_ptr<Export>> openMemory(uint64_t size, Access access)
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

Result<uint64_t> parseSize(std::string_view text)
{
    uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    constexpr std::string_view units = "bKMGTPE";
    size_t power = 0;
    bool good = error == std::errc{} && value > 0;
    if (good && rest != end)
    {
        power = units.find(*rest == 'k' ? 'K' : *rest);
        good = power != units.npos && rest + 1 == end;
    }
    // "63 bits" ("Transmission"): the kernel's and our offsets are signed.
    constexpr uint64_t most = std::numeric_limits<int64_t>::max();
    if (!good || value > most >> (10 * power))
    {
        return fail(Errc::usage, fmt::format("'{}' is not a size", text),
                    "write bytes, or a number and K, M, G or T: 512, 64M, 1G");
    }
    return value << (10 * power);
}

} // namespace vmedia::nbd
