// SPDX-License-Identifier: Apache-2.0
#include "layout.hpp"

#include <fmt/format.h>

namespace vmedia::gadget
{

namespace
{

// Linux Foundation, Multifunction Composite Gadget: what OpenBMC has always
// shown, so that hosts know it.
constexpr const char* vendorId = "0x1d6b";
constexpr const char* productId = "0x0104";

} // namespace

std::string inquiryString(const Inquiry& inquiry)
{
    return fmt::format("{:<8.8}{:<16.16}{:<4.4}", inquiry.vendor,
                       inquiry.product, inquiry.revision);
}

std::vector<Step> stepsFor(const Drive& drive)
{
    using enum Step::What;
    const auto lun = [](std::string_view attribute) {
        return fmt::format("{}/{}", lunFolder, attribute);
    };
    const auto flag = [](bool on) { return std::string(on ? "1" : "0"); };
    const bool cdrom = drive.kind == MediaKind::cdrom;
    return {
        {write, "idVendor", vendorId},
        {write, "idProduct", productId},
        {makeDirectory, "strings/0x409"}, // English (US)
        {write, "strings/0x409/manufacturer", drive.manufacturer},
        {write, "strings/0x409/product", drive.product},
        {write, "strings/0x409/serialnumber", drive.serialNumber},
        {makeDirectory, "configs/c.1"},
        {makeDirectory, "configs/c.1/strings/0x409"},
        {write, "configs/c.1/strings/0x409/configuration", "config 1"},
        {makeDirectory, "functions/mass_storage.usb0"},
        {write, lun("removable"), "1"},
        {writeIfThere, lun("nofua"), flag(drive.noFua)},
        {writeIfThere, lun("inquiry_string"), inquiryString(drive.inquiry)},
        {write, lun("ro"), flag(drive.readOnly || cdrom)},
        {write, lun("cdrom"), flag(cdrom)},
        {write, lun("file"), drive.device},
        {link, "configs/c.1/mass_storage.usb0", "functions/mass_storage.usb0"},
    };
}

} // namespace vmedia::gadget
