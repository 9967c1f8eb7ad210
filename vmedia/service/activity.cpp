// SPDX-License-Identifier: Apache-2.0
#include "activity.hpp"

#include <utility>

namespace vmedia::service
{

void Activity::begin(Usage now, std::chrono::seconds limit)
{
    first = now.count;
    last = std::move(now);
    most = left = static_cast<uint16_t>(limit.count());
}

void Activity::end()
{
    most = left = 0;
}

bool Activity::tick(Usage now)
{
    const bool isUsed = now.host.empty() && last.host.empty()
                            ? now.count != last.count
                            : now.host != last.host;
    last = std::move(now);
    if (isUsed)
    {
        left = most;
        return false;
    }
    if (left > 0)
    {
        --left;
    }
    return left == 0;
}

NbdDevice::Count Activity::count(const NbdDevice::Count& now) const
{
    // A device that was connected anew may count from 0.
    const auto since = [](uint64_t before, uint64_t after) {
        return after > before ? after - before : 0;
    };
    return {since(first.reads, now.reads), since(first.writes, now.writes)};
}

} // namespace vmedia::service
