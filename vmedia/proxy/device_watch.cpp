// SPDX-License-Identifier: Apache-2.0
#include "device_watch.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <fstream>

namespace vmedia::proxy
{

namespace asio = boost::asio;

namespace
{

constexpr uint64_t sectorSize = 512; // of sysfs, whatever the device's own

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
    auto events = uevent::BlockEvents::open(executor);
    if (!events)
    {
        return tl::unexpected(events.error());
    }
    return DeviceWatch(std::move(*events), status.st_rdev);
}

DeviceWatch::DeviceWatch(uevent::BlockEvents e, uint64_t n) :
    events(std::move(e)), number(n)
{}

asio::awaitable<Result<uint64_t>> DeviceWatch::waitForSize()
{
    for (;;)
    {
        const Result<uevent::BlockEvent> event = co_await events.next();
        if (!event)
        {
            co_return tl::unexpected(event.error());
        }
        const bool isOurs = event->number == number && event->isChange;
        if (!isOurs && !event->device.empty())
        {
            continue;
        }
        if (const uint64_t bytes = size(); bytes > 0)
        {
            co_return bytes;
        }
    }
}

void DeviceWatch::close()
{
    events.close();
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
