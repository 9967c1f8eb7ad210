// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controllers.hpp"
#include "layout.hpp"
#include "vmedia/error/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vmedia::gadget
{

/// A gadget that was started.
struct Bound
{
    std::string controller;
    std::vector<std::string> absent; ///< attributes that this kernel lacks
};

/// A drive at the host's USB: the gadget vmedia-NAME in configfs.
///
/// Owner:   nobody in this process: what start() makes is the kernel's and
///          stays until remove(), by whomever. A service takes away what it
///          left behind when it crashed by listGadgets() and remove().
/// Blocks:  removing waits until the host's I/O that is under way has ended,
///          as long as the device takes for it (a network block device: its
///          time-out). Everything else is short.
/// Threads: none; gadgets of different names need no lock between them.
/// Errors:  keep errno for who answers with one: ENODEV no free controller,
///          EBUSY all of them refused, else what the kernel said.
class Gadget
{
  public:
    /// Errors: a name that is not 1 to 64 letters, digits, '.', '_', '-', or
    ///         begins with '.' or '-'.
    static Result<Gadget> named(Roots roots, std::string_view name);

    /// Shows @p drive to the host; what was there by this name goes first.
    /// A product in the inquiry and a serial number that are empty are made
    /// from the name. On failure nothing is left.
    Result<Bound> start(Drive drive) const;

    /// Unplugs it from the host and takes away whatever part of it is there;
    /// nothing at all is fine.
    ///
    /// The host is not asked: unbinding ends its session even where it has
    /// locked the medium in the drive (PREVENT MEDIUM REMOVAL). That lock only
    /// keeps the medium from being taken out of a drive that stays, which is
    /// what `forced_eject` (Linux 6.1) is for and nothing here does.
    Result<void> remove() const;

    /// Whether the host ejected the medium: the kernel then closes `file`,
    /// which reads empty from there on, and the drive stays.
    ///
    /// Poll: the kernel tells nobody. configfs has no poll(2), and
    ///       f_mass_storage (do_start_stop()) raises no event: ask again and
    ///       again, by a timer of yours, a second is fine; a call is one read.
    /// Errors: ENOENT if there is no such gadget.
    Result<bool> isEjected() const;

    /// The controller that it is bound to; empty if it is not.
    Result<std::string> controller() const;

    /// "0"
    const std::string& name() const
    {
        return shortName;
    }

    /// "vmedia-0"
    const std::string& id() const
    {
        return identity;
    }

  private:
    Gadget(Roots where, std::string_view name);
    Result<std::vector<std::string>> build(const Drive& drive) const;
    std::string path(std::string_view below) const;

    Roots roots;
    std::string shortName;
    std::string identity;
    std::string directory;
};

/// The names of all gadgets that are ours, bound or not: "0" for vmedia-0.
/// Errors: ENOENT if there is no usb_gadget in configfs.
Result<std::vector<std::string>> listGadgets(const Roots& roots);

/// Whether the kernel has gadgets: libcomposite is there, configfs mounted.
Result<void> needGadgets(const Roots& roots);

} // namespace vmedia::gadget
