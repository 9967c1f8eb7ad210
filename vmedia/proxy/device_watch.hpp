// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"
#include "vmedia/uevent/block_events.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <string>

namespace vmedia::proxy
{

/// Waits for a block device to get a size.
///
/// Source: uevents say when to look; whether there is a medium says the
///         device's `size` in sysfs, which is 0 with some of them.
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
    DeviceWatch(uevent::BlockEvents events, uint64_t number);
    uint64_t size() const;

    uevent::BlockEvents events;
    uint64_t number; ///< dev_t
};

} // namespace vmedia::proxy
