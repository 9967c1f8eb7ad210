// SPDX-License-Identifier: Apache-2.0
#include "file_export.hpp"

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>

namespace vmedia::exports
{

namespace
{

bool isInMemory(int file)
{
    struct statfs status = {};
    return ::fstatfs(file, &status) == 0 && status.f_type == TMPFS_MAGIC;
}

} // namespace

FileExport::FileExport(Descriptor opened, uint64_t bytes, Access mode,
                       std::optional<Mapping> content) :
    Storage(bytes, mode), file(std::move(opened)),
    // Asked at the end of the file: tmpfs looks at every page on the way to
    // the next hole.
    tellsHoles(::lseek(file.get(), static_cast<off_t>(bytes - 1), SEEK_HOLE) >=
               0),
    inMemory(isInMemory(file.get())), image(std::move(content))
{}

Abilities FileExport::abilities() const
{
    Abilities can = Storage::abilities();
    can.extents = tellsHoles;
    return can;
}

int FileExport::read(std::span<std::byte> into, uint64_t offset)
{
    return file.read(into, offset);
}

int FileExport::write(std::span<const std::byte> from, uint64_t offset)
{
    return shrank() ? EIO : file.write(from, offset);
}

int FileExport::flush()
{
    return ::fdatasync(file.get()) == 0 ? 0 : errno;
}

int FileExport::trim(uint64_t offset, uint64_t length)
{
    if (shrank())
    {
        return EIO;
    }
    return length == 0 ? 0 : punch(offset, length);
}

int FileExport::zero(uint64_t offset, uint64_t length, Zeroing how)
{
    if (shrank())
    {
        return EIO;
    }
    if (length == 0)
    {
        return 0;
    }
    int error = how.mayPunch ? punch(offset, length) : ENOTSUP;
    if (error == ENOTSUP)
    {
        error = file.allocate(FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
                              offset, length);
    }
    if (error == ENOTSUP && !how.fastOnly)
    {
        error = file.writeZeroes(offset, length);
    }
    return error;
}

int FileExport::cache(uint64_t offset, uint64_t length)
{
    return ::posix_fadvise(file.get(), static_cast<off_t>(offset),
                           static_cast<off_t>(length), POSIX_FADV_WILLNEED);
}

int FileExport::extents(uint64_t offset, uint64_t length, size_t most,
                        std::vector<Extent>& out)
{
    if (most > 0 && isKnownData(offset, length))
    {
        out.push_back({length, false, false});
        return 0;
    }
    return file.extents(bytesTotal, offset, length, most, out);
}

bool FileExport::mayWait(Operation operation, uint64_t offset, uint64_t length)
{
    switch (operation)
    {
        case Operation::read:
            return !image || (!inMemory && !image->isResident(offset, length));
        case Operation::flush:
        case Operation::trim:
        case Operation::zero:
            return true;
        case Operation::write: // into the page cache
        case Operation::cache:
        case Operation::extents:
            break;
    }
    return false;
}

int FileExport::descriptorToWrite()
{
    return image && !shrank() ? file.get() : -1;
}

std::span<const std::byte> FileExport::mapped(uint64_t offset, uint64_t length,
                                              bool afresh)
{
    if (!image || !isWorthKnowing(offset, length) || (afresh && shrank()))
    {
        return {};
    }
    return {image->data() + offset, length};
}

int FileExport::punch(uint64_t offset, uint64_t length)
{
    {
        const std::lock_guard lock(knowing);
        known = {};
    }
    return file.allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
                         length);
}

bool FileExport::isKnownData(uint64_t offset, uint64_t length)
{
    const std::lock_guard lock(knowing);
    if (!known.holds(offset, length))
    {
        const auto at = static_cast<off_t>(offset);
        if (::lseek(file.get(), at, SEEK_DATA) != at)
        {
            return false;
        }
        const off_t hole = ::lseek(file.get(), at, SEEK_HOLE);
        known = {offset, hole < 0 ? offset : static_cast<uint64_t>(hole)};
    }
    return known.holds(offset, length);
}

bool FileExport::isWorthKnowing(uint64_t offset, uint64_t length)
{
    {
        const std::lock_guard lock(knowing);
        if (known.holds(offset, length))
        {
            return true;
        }
        if (++unknown % 64 != 1)
        {
            return false;
        }
    }
    return isKnownData(offset, length);
}

bool FileExport::shrank() const
{
    struct stat status = {};
    return ::fstat(file.get(), &status) != 0 ||
           (S_ISREG(status.st_mode) &&
            static_cast<uint64_t>(status.st_size) < bytesTotal);
}

namespace
{

Result<ExportPointer> serve(Descriptor file, const std::string& path,
                            Access access)
{
    struct stat status = {};
    if (::fstat(file.get(), &status) != 0)
    {
        return failErrno(errno, path);
    }
    if (S_ISDIR(status.st_mode))
    {
        return fail(Errc::usage, path + ": is a directory",
                    "give an image file or a block device");
    }
    uint64_t size = static_cast<uint64_t>(status.st_size);
    const bool device = S_ISBLK(status.st_mode);
    if (device && ::ioctl(file.get(), BLKGETSIZE64, &size) != 0)
    {
        return failErrno(errno, path + ": its size");
    }
    if (!device && !S_ISREG(status.st_mode))
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
    if (device)
    {
        return serveDevice(std::move(file), size, access, status.st_rdev);
    }
    std::optional<Mapping> image = Mapping::ofFile(file.get(), size);
    return std::make_unique<FileExport>(std::move(file), size, access,
                                        std::move(image));
}

} // namespace

Result<ExportPointer> openFile(const std::string& path, Access access)
{
    // O_NONBLOCK: a FIFO given by mistake must not hang the start.
    const int flags = O_CLOEXEC | O_NONBLOCK |
                      (access == Access::readOnly ? O_RDONLY : O_RDWR);
    const int opened = ::open(path.c_str(), flags);
    if (opened >= 0)
    {
        return serve(Descriptor(opened), path, access);
    }
    const int error = errno;
    if (error == EISDIR)
    {
        return fail(Errc::usage, path + ": is a directory",
                    "give an image file or a block device");
    }
    const bool maybeReadOnly = access == Access::readWrite &&
                               ::access(path.c_str(), R_OK) == 0;
    return failErrno(error, path,
                     maybeReadOnly
                         ? "serve it read-only (--readonly), or make it "
                           "writable"
                         : "check the path and its permissions");
}

} // namespace vmedia::exports
