// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstdint>
#include <memory>
#include <string>

struct udev;
struct udev_monitor;

namespace vmedia::uevent
{

/// Something happened to a block device: look at it in sysfs.
struct BlockEvent
{
    std::string device{}; ///< "nbd0"; empty if events were lost: look at all
    uint64_t number = 0;  ///< dev_t
    bool isChange = true; ///< and no "add" or "remove"
};

/// The kernel's uevents about whole block devices.
///
/// Source: the kernel's own, not udevd's: a BMC's initramfs has none. An event
///         says when to look, and nothing of what there is to see: kernels
///         differ in how many they send, and what was so when one was sent may
///         not be so any more.
/// Order:  subscribed from open() on.
class BlockEvents
{
  public:
    static Result<BlockEvents>
        open(const boost::asio::any_io_executor& executor);

    /// Errors: cancelled, after close().
    boost::asio::awaitable<Result<BlockEvent>> next();

    /// Ends next().
    void close();

  private:
    using UdevPtr = std::unique_ptr<udev, udev* (*)(udev*)>;
    using MonitorPtr =
        std::unique_ptr<udev_monitor, udev_monitor* (*)(udev_monitor*)>;

    BlockEvents(UdevPtr context, MonitorPtr monitor,
                boost::asio::posix::stream_descriptor events);
    bool take(BlockEvent& event);

    UdevPtr context;
    MonitorPtr monitor;
    boost::asio::posix::stream_descriptor events;
};

} // namespace vmedia::uevent
