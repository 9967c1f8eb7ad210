// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "nbd_device.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace vmedia::service
{

/// What the host did with the medium so far.
struct Usage
{
    NbdDevice::Count count{};
    std::string host{}; ///< ShownDrive::hostStatistics(); says more if there

    bool operator==(const Usage&) const = default;
};

/// How long the host has not used the medium. No clock in here.
///
/// Source: lun.0/stats counts the host's accesses; only a vendor's kernel has
///         it, in a form of its own, so that it can only be seen to change.
///         The device's own count misses what this machine has in its page
///         cache: a host that reads the same few blocks only seems idle.
class Activity
{
  public:
    /// From now on, for @p limit at most.
    void begin(Usage now, std::chrono::seconds limit);
    void end();

    /// Once a second. True when the limit is reached.
    bool tick(Usage now);

    /// Seconds until then; 0 before begin().
    uint16_t remaining() const
    {
        return left;
    }

    /// Since begin().
    NbdDevice::Count count(const NbdDevice::Count& now) const;

  private:
    NbdDevice::Count first{};
    Usage last{};
    uint16_t most = 0;
    uint16_t left = 0;
};

} // namespace vmedia::service
