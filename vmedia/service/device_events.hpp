// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>

namespace vmedia::service
{

/// Tells each slot when to look at its device. One for all slots.
///
/// Source:  listen() takes the kernel's uevents. A test calls happened(): a
///          directory that stands for sysfs has no uevents.
/// Threads: one, that of the executor.
class DeviceEvents
{
  public:
    using Look = std::function<void()>;

    DeviceEvents();
    DeviceEvents(const DeviceEvents&) = delete;
    DeviceEvents& operator=(const DeviceEvents&) = delete;
    /// Ends listening.
    ~DeviceEvents();

    /// Subscribed when it returns: before that, a slot could miss an event.
    Result<void> listen(const boost::asio::any_io_executor& executor);

    /// From now on @p look is called for the device @p name ("nbd0").
    void watch(const std::string& name, Look look);
    void unwatch(const std::string& name);

    /// Something happened to @p name; to any of them if it is empty.
    void happened(const std::string& name);

  private:
    struct State;
    std::shared_ptr<State> state;
};

} // namespace vmedia::service
