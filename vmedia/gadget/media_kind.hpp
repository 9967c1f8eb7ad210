// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace vmedia::gadget
{

/// What the host sees: a drive with blocks of 512 bytes (or the device's own),
/// or a CD-ROM drive with sectors of 2048.
enum class MediaKind : uint8_t
{
    disk,
    cdrom,
};

/// Of a user: "auto", "cdrom" or "disk".
enum class WantedKind : uint8_t
{
    automatic,
    cdrom,
    disk,
};

/// f_mass_storage counts a CD-ROM in minutes, seconds and frames: it shows all
/// but the last of 256 * 60 * 75 sectors, cuts off what is beyond, and takes
/// nothing shorter than the shortest track, 300 sectors (Linux,
/// storage_common.c, fsg_lun_open()).
inline constexpr uint64_t cdromSectorSize = 2048;
inline constexpr uint64_t cdromSectorsLeast = 300;
inline constexpr uint64_t cdromSectorsMost = 256 * 60 * 75 - 1;

Result<WantedKind> parseWantedKind(std::string_view text);

/// "disk", "CD-ROM": for people.
std::string_view nameOf(MediaKind kind);

/// What a medium of @p size bytes is shown as. By itself that is a CD-ROM if
/// it has an ISO 9660 file system (hybrid images, which have a partition table
/// too, are no exception) and a CD-ROM can hold it; everything else is a disk.
///
/// Errors: EFBIG or EINVAL for a CD-ROM that is wanted and cannot be;
///         ENOMEDIUM for less than a block.
Result<MediaKind> chooseKind(WantedKind wanted, bool isIso9660, uint64_t size);

/// The size in bytes of a block device or a file.
Result<uint64_t> sizeOfMedium(const std::string& device);

/// Whether "CD001" is where ECMA-119, 8.1.2, has it: at 32769.
///
/// Blocks: for one read of these bytes, as long as the device takes; for a
///         network block device its own time-out is the bound.
/// Errors: the device cannot be opened or read.
Result<bool> hasIso9660(const std::string& device);

/// chooseKind() for @p device, which is read only where that decides.
Result<MediaKind> kindOfMedium(const std::string& device, WantedKind wanted,
                               uint64_t size);

} // namespace vmedia::gadget
