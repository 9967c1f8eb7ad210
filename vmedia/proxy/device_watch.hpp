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

namespace vmedia::proxy
{

/// Waits for a block device to get a size.
///
/// Source: the kernel's own uevents, not udevd's: a BMC's initramfs has none.
///         An event only says when to look; whether there is a medium says
///         the device's `size` in sysfs. Kernels differ in how many `change`
///         events they send, and a size of 0 comes with some of them.
/// Order:  subscribed from open() on: start nbd-client after it.
class DeviceWatch
{
  public:
    /// Errors: no such device, or not a block device.
    static Result<DeviceWatch>
        open(const boost::asio::any_io_executor& executor, std::string device);

    /// The size in bytes, once an event finds it to be more than 0.
    boost::asio::awaitable<Result<uint64_t>> waitForSize();

    /// Ends waitForSize().
    void close();

  private:
    using UdevPtr = std::unique_ptr<udev, udev* (*)(udev*)>;
    using MonitorPtr =
        std::unique_ptr<udev_monitor, udev_monitor* (*)(udev_monitor*)>;

    DeviceWatch(UdevPtr context, MonitorPtr monitor,
                boost::asio::posix::stream_descriptor events,
                std::string device, uint64_t number);
    bool takeEvent();
    uint64_t size() const;

    UdevPtr context;
    MonitorPtr monitor;
    boost::asio::posix::stream_descriptor events;
    std::string device;
    uint64_t number; ///< dev_t
};

} // namespace vmedia::proxy
