// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "config.hpp"
#include "ledger.hpp"
#include "part.hpp"
#include "vmedia/gadget/gadget.hpp"

#include <memory>
#include <string>

namespace vmedia::service
{

/// The USB drive that the host sees.
///
/// Blocks: nothing here. Making one reads the medium, removing one waits for
///         the host's I/O: both on a thread, one at a time for a slot. What
///         is made too late, after forget(), is removed again.
class ShownDrive : public Part
{
  public:
    /// Whether a thread of this slot, of this medium or one before, is at it.
    using Busy = std::shared_ptr<bool>;

    ShownDrive(boost::asio::any_io_executor executor, Listener listener,
               const Config& config, const MountPoint& point, Ledger& ledger,
               Busy busy);

    /// Tells gadgetBound or gadgetFailed. EBUSY: one that was given up is
    /// still being made or removed.
    void make(uint64_t size, bool readOnly);
    /// Tells gadgetRemoved or gadgetRemoveFailed.
    void remove();

    /// One read of an attribute.
    bool isEjected() const;

    /// The kernel's count of the host's accesses, where it has one (a vendor's
    /// lun.0/stats): its text. Empty where it has none.
    std::string hostStatistics() const;

  private:
    boost::asio::awaitable<void> runMake(gadget::Drive drive, uint64_t size);
    boost::asio::awaitable<void> runRemove();

    const MountPoint& point;
    Ledger& ledger;
    const gadget::Roots roots;
    const gadget::Gadget gadget;
    const std::string device;
    const Busy busy;
};

} // namespace vmedia::service
