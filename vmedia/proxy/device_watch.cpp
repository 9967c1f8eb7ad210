// SPDX-License-Identifier: Apache-2.0
#include "device_watch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <libudev.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>
#include <fstream>
#include <string_view>

namespace vmedia::proxy
{

namespace asio = boost::asio;

namespace
{

constexpr uint64_t sectorSize = 512; // of sysfs, whatever the device's own
constexpr int bufferSize = 1 << 20;  // a burst of uevents; 208 KiB by default

} // namespace

Result<DeviceWatch> DeviceWatch::open(const asio::any_io_executor& executor,
                                      std::string device)
{
    struct stat status{};
    if (::stat(device.c_str(), &status) != 0)
    {
        return failErrno(errno, fmt::format("nbd-device {}", device),
                         "modprobe nbd, or correct nbd-device");
    }
    if (!S_ISBLK(status.st_mode))
    {
        return fail(Errc::usage,
                    fmt::format("nbd-device {} is not a block device", device),
                    "nbd-device is a node such as /dev/nbd0");
    }
    UdevPtr context(::udev_new(), &::udev_unref);
    if (!context)
    {
        return failErrno(errno, "libudev");
    }
    MonitorPtr monitor(::udev_monitor_new_from_netlink(context.get(), "kernel"),
                       &::udev_monitor_unref);
    if (!monitor)
    {
        return failErrno(errno, "kernel uevents");
    }
    ::udev_monitor_set_receive_buffer_size(monitor.get(), bufferSize);
    int result = ::udev_monitor_filter_add_match_subsystem_devtype(
        monitor.get(), "block", "disk");
    if (result >= 0)
    {
        result = ::udev_monitor_enable_receiving(monitor.get());
    }
    if (result < 0)
    {
        return failErrno(-result, "subscribing to kernel uevents");
    }
    // A copy: the monitor closes its own.
    const int copy = ::fcntl(::udev_monitor_get_fd(monitor.get()),
                             F_DUPFD_CLOEXEC, 3);
    if (copy < 0)
    {
        return failErrno(errno, "kernel uevents");
    }
    return DeviceWatch(std::move(context), std::move(monitor),
                       asio::posix::stream_descriptor(executor, copy),
                       std::move(device), status.st_rdev);
}

DeviceWatch::DeviceWatch(UdevPtr c, MonitorPtr m,
                         asio::posix::stream_descriptor e, std::string d,
                         uint64_t n) :
    context(std::move(c)), monitor(std::move(m)), events(std::move(e)),
    device(std::move(d)), number(n)
{}

asio::awaitable<Result<uint64_t>> DeviceWatch::waitForSize()
{
    for (;;)
    {
        auto [error] = co_await events.async_wait(
            asio::posix::stream_descriptor::wait_read,
            asio::as_tuple(asio::use_awaitable));
        if (error)
        {
            co_return fail(Errc::cancelled, error.message());
        }
        if (takeEvent())
        {
            if (const uint64_t bytes = size(); bytes > 0)
            {
                co_return bytes;
            }
        }
    }
}

void DeviceWatch::close()
{
    events.close();
}

/// Whether what came, or may have been lost, asks for a look at the size.
bool DeviceWatch::takeEvent()
{
    errno = 0;
    std::unique_ptr<udev_device, udev_device* (*)(udev_device*)> event(
        ::udev_monitor_receive_device(monitor.get()), &::udev_device_unref);
    if (!event)
    {
        return errno == ENOBUFS; // events were dropped: ours may be among them
    }
    const char* action = ::udev_device_get_action(event.get());
    return ::udev_device_get_devnum(event.get()) == number &&
           action != nullptr && std::string_view(action) == "change";
}

uint64_t DeviceWatch::size() const
{
    std::ifstream file(
        fmt::format("/sys/dev/block/{}:{}/size", major(number), minor(number)));
    uint64_t sectors = 0;
    file >> sectors;
    return file ? sectors * sectorSize : 0;
}

} // namespace vmedia::proxy
