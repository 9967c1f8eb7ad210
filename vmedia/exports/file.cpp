// SPDX-License-Identifier: Apache-2.0
#include "descriptor.hpp"
#include "export.hpp"
#include "mapping.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <mutex>

namespace vmedia::exports
{

namespace
{

bool isInMemory(int file)
{
    struct statfs status = {};
    return ::fstatfs(file, &status) == 0 && status.f_type == TMPFS_MAGIC;
}

class FileExport : public Export
{
  public:
    FileExport(Descriptor opened, uint64_t bytes, Access mode,
               std::optional<Mapping> content = std::nullopt) :
        file(std::move(opened)), bytesTotal(bytes), access(mode),
        image(std::move(content))
    {}

    uint64_t size() const override
    {
        return bytesTotal;
    }
    Abilities abilities() const override
    {
        const bool writable = access == Access::readWrite;
        return {.write = writable,
                .flush = writable,
                .trim = writable,
                .zero = writable,
                .fastZero = writable,
                .cache = true,
                .extents = tellsHoles};
    }
    int read(std::span<std::byte> into, uint64_t offset) override
    {
        return file.read(into, offset);
    }
    int write(std::span<const std::byte> from, uint64_t offset) override
    {
        return shrank() ? EIO : file.write(from, offset);
    }
    int flush() override
    {
        return ::fdatasync(file.get()) == 0 ? 0 : errno;
    }
    int trim(uint64_t offset, uint64_t length) override
    {
        if (shrank())
        {
            return EIO;
        }
        return length == 0 ? 0 : punch(offset, length);
    }
    int zero(uint64_t offset, uint64_t length, Zeroing how) override
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
    int cache(uint64_t offset, uint64_t length) override
    {
        return ::posix_fadvise(file.get(), static_cast<off_t>(offset),
                               static_cast<off_t>(length), POSIX_FADV_WILLNEED);
    }
    int extents(uint64_t offset, uint64_t length, size_t most,
                std::vector<Extent>& out) override
    {
        if (most > 0 && isKnownData(offset, length))
        {
            out.push_back({length, false, false});
            return 0;
        }
        return file.extents(bytesTotal, offset, length, most, out);
    }
    bool mayWait(Operation operation, uint64_t offset, uint64_t length) override
    {
        switch (operation)
        {
            case Operation::read:
                return !image ||
                       (!inMemory && !image->isResident(offset, length));
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
    int descriptorToWrite() override
    {
        return image && !shrank() ? file.get() : -1;
    }
    int descriptor() const override
    {
        return file.get();
    }
    std::span<const std::byte> mapped(uint64_t offset, uint64_t length,
                                      bool afresh) override
    {
        if (!image || !isWorthKnowing(offset, length) || (afresh && shrank()))
        {
            return {};
        }
        return {image->data() + offset, length};
    }

  protected:
    Descriptor file;
    uint64_t bytesTotal;

  private:
    int punch(uint64_t offset, uint64_t length)
    {
        {
            const std::lock_guard lock(knowing);
            known = {};
        }
        return file.allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
                             length);
    }
    /// One run of data is remembered: to find its end may cost a look at every
    /// page behind it (tmpfs), and a client reads it in small steps. What is
    /// remembered wrongly is a hole that is told as data, which it may be.
    bool isKnownData(uint64_t offset, uint64_t length)
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

    /// The same for who only wants to spare a copy: to ask costs as much as
    /// some copies do, so that in a file of short runs it is rarely asked.
    /// (A hole must not be sent from the mapping: tmpfs would fill it.)
    bool isWorthKnowing(uint64_t offset, uint64_t length)
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

    /// Neither fallocate() nor pwrite() minds a range behind the end of file,
    /// and a write there would make zeroes of what was lost.
    bool shrank() const
    {
        struct stat status = {};
        return ::fstat(file.get(), &status) != 0 ||
               (S_ISREG(status.st_mode) &&
                static_cast<uint64_t>(status.st_size) < bytesTotal);
    }

    struct Run
    {
        uint64_t from = 0;
        uint64_t to = 0;

        bool holds(uint64_t offset, uint64_t length) const
        {
            return offset >= from && offset + length <= to;
        }
    };

    Access access;
    /// Asked at the end of the file: tmpfs looks at every page on the way to
    /// the next hole.
    bool tellsHoles = ::lseek(file.get(), static_cast<off_t>(bytesTotal - 1),
                              SEEK_HOLE) >= 0;
    bool inMemory = isInMemory(file.get()); ///< all of it: nothing waits
    std::mutex knowing;
    Run known{};
    unsigned unknown = 0; ///< times that mapped() was asked outside of it
    std::optional<Mapping> image; ///< of a regular file
};

/// Sysfs has the queue with the disk: one step up from a partition.
bool isRotational(dev_t device)
{
    const std::string disk = fmt::format("/sys/dev/block/{}:{}", major(device),
                                         minor(device));
    for (const char* queue : {"queue", "../queue"})
    {
        char digit = '0';
        std::ifstream in(fmt::format("{}/{}/rotational", disk, queue));
        if (in >> digit)
        {
            return digit == '1';
        }
    }
    return false;
}

class DeviceExport : public FileExport
{
  public:
    DeviceExport(Descriptor opened, uint64_t bytes, Access mode, dev_t device) :
        FileExport(std::move(opened), bytes, mode), spins(isRotational(device))
    {
        int size = 0;
        if (::ioctl(file.get(), BLKSSZGET, &size) == 0 && size > 0)
        {
            sector = static_cast<uint64_t>(size);
        }
    }

    Abilities abilities() const override
    {
        Abilities can = FileExport::abilities();
        can.extents = false; // a device tells nothing of its holes
        can.rotational = spins;
        return can;
    }
    int trim(uint64_t offset, uint64_t length) override
    {
        // A hint: the sectors that are trimmed in part may stay as they are.
        const Sectors whole = sectorsIn(offset, length);
        return whole.empty() ? 0 : control(BLKDISCARD, whole);
    }
    int zero(uint64_t offset, uint64_t length, Zeroing how) override
    {
        const Sectors whole = sectorsIn(offset, length);
        if (whole.empty())
        {
            return how.fastOnly ? ENOTSUP : file.writeZeroes(offset, length);
        }
        // The kernel refuses to punch where it would have to write instead.
        int error =
            how.mayPunch
                ? file.allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                whole.begin, whole.end - whole.begin)
                : ENOTSUP;
        if (error == ENOTSUP && !how.fastOnly)
        {
            error = control(BLKZEROOUT, whole);
            if (error == ENOTSUP)
            {
                error = file.writeZeroes(whole.begin, whole.end - whole.begin);
            }
        }
        if (error == 0)
        {
            error = file.writeZeroes(offset, whole.begin - offset);
        }
        if (error == 0)
        {
            error = file.writeZeroes(whole.end, offset + length - whole.end);
        }
        return error;
    }

  private:
    struct Sectors
    {
        uint64_t begin;
        uint64_t end;
        bool empty() const
        {
            return begin >= end;
        }
    };
    /// These calls of the kernel's refuse what is not whole sectors.
    Sectors sectorsIn(uint64_t offset, uint64_t length) const
    {
        return {(offset + sector - 1) / sector * sector,
                (offset + length) / sector * sector};
    }
    int control(unsigned long request, Sectors range) const
    {
        uint64_t asked[2] = {range.begin, range.end - range.begin};
        if (::ioctl(file.get(), request, asked) == 0)
        {
            return 0;
        }
        return errno == ENOTTY ? ENOTSUP : errno;
    }

    uint64_t sector = 512;
    bool spins;
};

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
        return std::make_unique<DeviceExport>(std::move(file), size, access,
                                              status.st_rdev);
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
