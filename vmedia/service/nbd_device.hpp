// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "config.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace vmedia::service
{

/// A network block device of the kernel, as sysfs and its node show it.
///
/// Blocks: disconnect() may, as long as its socket takes no byte; what reads
///         sysfs does not.
class NbdDevice
{
  public:
    NbdDevice(const Roots& roots, std::string name);

    const std::string& name() const
    {
        return shortName;
    }

    /// "/dev/nbd0"
    const std::string& path() const
    {
        return node;
    }

    /// In bytes; 0 if it is empty, or not there.
    uint64_t size() const;

    /// Who serves it: nbd-client, or the process that netlink was told by,
    /// which may have ended. Set while there is a socket.
    std::optional<int> servingPid() const;

    /// Nobody serves it and it has no size.
    bool isFree() const;

    /// I/Os since it is there (Linux, Documentation/block/stat.rst).
    struct Count
    {
        uint64_t reads = 0;
        uint64_t writes = 0;
        bool operator==(const Count&) const = default;
    };
    Count count() const;

    /// NBD_DISCONNECT, which asks the server to end, then NBD_CLEAR_SOCK,
    /// which does not ask. Errors: the node cannot be opened, or refuses.
    Result<void> disconnect() const;

  private:
    std::string shortName;
    std::string node;
    std::string folder; ///< in sysfs
};

} // namespace vmedia::service
