// SPDX-License-Identifier: Apache-2.0
#include "deviations.hpp"

namespace conformance::nbd::deviations
{

namespace
{

template <typename... Args>
std::function<void(Args...)> both(const std::function<void(Args...)>& first,
                                  const std::function<void(Args...)>& second)
{
    if (!first || !second)
    {
        return first ? first : second;
    }
    return [first, second](Args... args) mutable {
        first(args...);
        second(args...);
    };
}

} // namespace

Deviation combined(const Deviation& first, const Deviation& second)
{
    Deviation all = second; // what has no hook in common
    all.received = both(first.received, second.received);
    all.greeting = both(first.greeting, second.greeting);
    all.clientFlags = both(first.clientFlags, second.clientFlags);
    all.header = both(first.header, second.header);
    all.step = both(first.step, second.step);
    all.plan = both(first.plan, second.plan);
    all.reply = both(first.reply, second.reply);
    all.tls = both(first.tls, second.tls);
    all.failed = both(first.failed, second.failed);
    return all;
}

} // namespace conformance::nbd::deviations
