// SPDX-License-Identifier: Apache-2.0
#include "file_export.hpp"

#include <fmt/format.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <fstream>

namespace vmedia::exports
{

namespace
{

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

} // namespace

ExportPointer serveDevice(Descriptor file, uint64_t size, Access access,
                          dev_t device)
{
    return std::make_unique<DeviceExport>(std::move(file), size, access,
                                          device);
}

} // namespace vmedia::exports
