// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "media_kind.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vmedia::gadget
{

/// What the host's SCSI INQUIRY tells: cut to 8, 16 and 4 characters.
struct Inquiry
{
    std::string vendor = "OpenBMC";
    std::string product;
    std::string revision = "0001";
};

/// A medium, and the drive that it is in.
struct Drive
{
    std::string device;   ///< block device or file; the kernel opens this path
    MediaKind kind = MediaKind::disk;
    bool readOnly = true; ///< a CD-ROM is, whatever this says
    bool noFua = false;   ///< acknowledge FUA writes before they are stored
    Inquiry inquiry;
    std::string serialNumber;
    std::string manufacturer = "OpenBMC"; ///< USB strings: at most 126 bytes
    std::string product = "Virtual Media Device";
};

/// One thing to do, at a path below the gadget's directory.
struct Step
{
    enum class What : uint8_t
    {
        makeDirectory,
        write,
        writeIfThere, ///< not every kernel has the attribute
        link,         ///< to the path, below the gadget, that is in `text`
    };
    What what;
    std::string path;
    std::string text{};
    bool operator==(const Step&) const = default;
};

/// Of the one drive in a gadget.
inline constexpr std::string_view lunFolder =
    "functions/mass_storage.usb0/lun.0";

/// 28 characters: SPC's vendor, product and revision, padded with spaces.
std::string inquiryString(const Inquiry& inquiry);

/// What makes a mass storage gadget of its empty directory, in order.
///
/// Order: the kernel refuses (EBUSY) `ro` and `cdrom` once `file` is open, and
///        takes the block size from `cdrom` when it opens it. `cdrom` makes it
///        read-only. `nofua`, `removable`, `inquiry_string` may change at any
///        time: they come first so that no host sees them change. A function
///        is linked last: kernels from 6.3 refuse it in a bound gadget.
///        Source: Linux, storage_common.c, f_mass_storage.c, configfs.c.
std::vector<Step> stepsFor(const Drive& drive);

} // namespace vmedia::gadget
