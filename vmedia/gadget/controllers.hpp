// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <string>
#include <vector>

namespace vmedia::gadget
{

/// USB device controllers (UDC) and who holds them.
///
/// Names:  a controller has its platform's name, whole names are compared:
///         1e6a0000.usb-vhub:p4 (ASPEED, one for each port of the hub),
///         f0831000.udc (Nuvoton), dummy_udc.N (dummy_hcd, N from 0).
/// Holder: only gadgets in configfs say what they hold. Another driver's
///         (g_serial, a KVM's) is known by its refusing to be bound.
struct Roots
{
    std::string configfs = "/sys/kernel/config"; ///< where it is mounted
    std::string udcClass = "/sys/class/udc";

    /// Where all gadgets are.
    std::string gadgets() const
    {
        return configfs + "/usb_gadget";
    }
};

/// All controllers, free or not, in the order in which they are tried; empty
/// where the kernel has no such class.
std::vector<std::string> listControllers(const Roots& roots);

/// The gadget of configfs that holds @p controller, or nothing.
std::string holderOf(const Roots& roots, const std::string& controller);

/// Binds the gadget at @p directory to the first controller that takes it.
///
/// Race:   looking who holds one only saves an attempt: the kernel decides.
///         So two gadgets, of one process or of several, never get the same;
///         the slower one goes on to the next controller.
/// Errors: ENODEV if there is no controller, or each is held by a gadget.
///         EBUSY, or whatever the first said, if those that none holds refused:
///         another driver has them, or a kernel (5.19) takes one gadget only.
Result<std::string> bindToFree(const Roots& roots,
                               const std::string& directory);

} // namespace vmedia::gadget
