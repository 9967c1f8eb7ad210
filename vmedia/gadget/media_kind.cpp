// SPDX-License-Identifier: Apache-2.0
#include "media_kind.hpp"

#include "descriptor.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace vmedia::gadget
{

namespace
{

constexpr std::string_view iso9660 = "CD001";
constexpr off_t iso9660Offset = 32769;
constexpr uint64_t blockSize = 512;

Result<Descriptor> openMedium(const std::string& device)
{
    Descriptor opened(::open(device.c_str(), O_RDONLY | O_CLOEXEC));
    if (!opened)
    {
        return failErrno(errno, fmt::format("cannot read {}", device));
    }
    return opened;
}

} // namespace

Result<WantedKind> parseWantedKind(std::string_view text)
{
    if (text == "auto")
    {
        return WantedKind::automatic;
    }
    if (text == "cdrom")
    {
        return WantedKind::cdrom;
    }
    if (text == "disk")
    {
        return WantedKind::disk;
    }
    return fail(Errc::usage, fmt::format("'{}' is no kind of medium", text),
                "write auto, cdrom or disk");
}

std::string_view nameOf(MediaKind kind)
{
    return kind == MediaKind::cdrom ? "CD-ROM" : "disk";
}

Result<MediaKind> chooseKind(WantedKind wanted, bool isIso9660, uint64_t size)
{
    if (size < blockSize)
    {
        return failNumbered(
            ENOMEDIUM,
            fmt::format("{} bytes are too few for a medium, which has at least "
                        "{}",
                        size, blockSize));
    }
    const uint64_t sectors = size / cdromSectorSize;
    const bool small = sectors < cdromSectorsLeast;
    const bool large = sectors > cdromSectorsMost;
    if (wanted == WantedKind::cdrom && (small || large))
    {
        return failNumbered(
            large ? EFBIG : EINVAL,
            fmt::format("{} bytes are too {} for a CD-ROM, which has {} to {}",
                        size, large ? "many" : "few",
                        cdromSectorsLeast * cdromSectorSize,
                        cdromSectorsMost * cdromSectorSize),
            "show it as a disk");
    }
    const bool fits = isIso9660 && !small && !large;
    return wanted == WantedKind::cdrom ||
                   (wanted == WantedKind::automatic && fits)
               ? MediaKind::cdrom
               : MediaKind::disk;
}

Result<uint64_t> sizeOfMedium(const std::string& device)
{
    const Result<Descriptor> medium = openMedium(device);
    if (!medium)
    {
        return tl::unexpected(medium.error());
    }
    struct stat about = {};
    uint64_t size = 0;
    if (::fstat(medium->get(), &about) != 0)
    {
        return failErrno(errno, fmt::format("size of {}", device));
    }
    if (S_ISREG(about.st_mode))
    {
        return static_cast<uint64_t>(about.st_size);
    }
    if (::ioctl(medium->get(), BLKGETSIZE64, &size) != 0)
    {
        return failErrno(errno, fmt::format("size of {}", device));
    }
    return size;
}

Result<bool> hasIso9660(const std::string& device)
{
    const Result<Descriptor> medium = openMedium(device);
    if (!medium)
    {
        return tl::unexpected(medium.error());
    }
    std::array<char, iso9660.size()> seen{};
    const ssize_t got = ::pread(medium->get(), seen.data(), seen.size(),
                                iso9660Offset);
    if (got < 0)
    {
        return failErrno(errno, fmt::format("reading {}", device));
    }
    // Shorter than that: no file system, and no failure either.
    return std::string_view(seen.data(), static_cast<size_t>(got)) == iso9660;
}

Result<MediaKind> kindOfMedium(const std::string& device, WantedKind wanted,
                               uint64_t size)
{
    const Result<bool> isIso9660 =
        wanted == WantedKind::automatic ? hasIso9660(device) : false;
    return isIso9660.and_then(
        [&](bool is) { return chooseKind(wanted, is, size); });
}

} // namespace vmedia::gadget
