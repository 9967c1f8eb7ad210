// SPDX-License-Identifier: Apache-2.0
#include "export.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace vmedia::exports
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
    Abilities abilities() const override
    {
        const bool writable = access == Access::readWrite;
        return {.write = writable, .flush = writable};
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
    int write(std::span<const std::byte> from, uint64_t offset) override
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

Result<ExportPointer> openFile(const std::string& path, Access access)
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

} // namespace vmedia::exports
