// SPDX-License-Identifier: Apache-2.0
#include "nbd_device.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/nbd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <utility>

namespace vmedia::service
{

namespace
{

constexpr uint64_t sectorSize = 512; // of sysfs, whatever the device's own

} // namespace

NbdDevice::NbdDevice(const Roots& roots, std::string name) :
    shortName(std::move(name)),
    node(fmt::format("{}/{}", roots.devices, shortName)),
    folder(fmt::format("{}/block/{}", roots.sysfs, shortName))
{}

uint64_t NbdDevice::size() const
{
    std::ifstream file(folder + "/size");
    uint64_t sectors = 0;
    return file >> sectors ? sectors * sectorSize : 0;
}

std::optional<int> NbdDevice::servingPid() const
{
    std::ifstream file(folder + "/pid");
    int pid = 0;
    return file >> pid && pid > 0 ? std::optional(pid) : std::nullopt;
}

bool NbdDevice::isFree() const
{
    return size() == 0 && !servingPid();
}

NbdDevice::Count NbdDevice::count() const
{
    std::ifstream file(folder + "/stat");
    Count count;
    uint64_t merges = 0;
    uint64_t sectors = 0;
    uint64_t ticks = 0;
    if (!(file >> count.reads >> merges >> sectors >> ticks >> count.writes))
    {
        return {};
    }
    return count;
}

Result<void> NbdDevice::disconnect() const
{
    // To read only: the node of a read-only medium refuses writers.
    const int opened = ::open(node.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (opened < 0)
    {
        return failErrno(errno, node);
    }
    Result<void> done;
    // EINVAL: nobody is connected any more.
    if (::ioctl(opened, NBD_DISCONNECT) < 0 && errno != EINVAL)
    {
        done = failErrno(errno, fmt::format("{}: NBD_DISCONNECT", node));
    }
    if (::ioctl(opened, NBD_CLEAR_SOCK) < 0 && errno != EINVAL && done)
    {
        done = failErrno(errno, fmt::format("{}: NBD_CLEAR_SOCK", node));
    }
    ::close(opened);
    return done;
}

} // namespace vmedia::service
