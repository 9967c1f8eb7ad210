// SPDX-License-Identifier: Apache-2.0
#include "block_events.hpp"

#include <fcntl.h>
#include <libudev.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>
#include <string_view>

namespace vmedia::uevent
{

namespace asio = boost::asio;

namespace
{

constexpr int bufferSize = 1 << 20; // a burst of uevents; 208 KiB by default

} // namespace

Result<BlockEvents> BlockEvents::open(const asio::any_io_executor& executor)
{
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
    return BlockEvents(std::move(context), std::move(monitor),
                       asio::posix::stream_descriptor(executor, copy));
}

BlockEvents::BlockEvents(UdevPtr c, MonitorPtr m,
                         asio::posix::stream_descriptor e) :
    context(std::move(c)), monitor(std::move(m)), events(std::move(e))
{}

asio::awaitable<Result<BlockEvent>> BlockEvents::next()
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
        BlockEvent event;
        if (take(event))
        {
            co_return event;
        }
    }
}

void BlockEvents::close()
{
    events.close();
}

/// Whether what came, or may have been lost, asks for a look.
bool BlockEvents::take(BlockEvent& event)
{
    errno = 0;
    std::unique_ptr<udev_device, udev_device* (*)(udev_device*)> device(
        ::udev_monitor_receive_device(monitor.get()), &::udev_device_unref);
    if (!device)
    {
        return errno == ENOBUFS; // events were dropped: ours may be among them
    }
    const char* action = ::udev_device_get_action(device.get());
    const char* name = ::udev_device_get_sysname(device.get());
    if (name == nullptr)
    {
        return false;
    }
    event = {name, ::udev_device_get_devnum(device.get()),
             action != nullptr && std::string_view(action) == "change"};
    return true;
}

} // namespace vmedia::uevent
