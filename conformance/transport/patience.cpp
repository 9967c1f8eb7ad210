// SPDX-License-Identifier: Apache-2.0
#include "patience.hpp"

#include "conformance/transport/busy_threads.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace conformance
{

using std::chrono::milliseconds;

Patience::Patience(milliseconds deadline) :
    quiet(deadline), until(Clock::now() + quiet),
    last(Clock::now() + 10 * quiet)
{}

void Patience::progressed()
{
    until = std::min(last, Clock::now() + quiet);
    hadAtDeadline.reset();
}

bool Patience::wait(int descriptor, short events)
{
    constexpr milliseconds look(20);
    for (;;)
    {
        const auto left =
            std::max(milliseconds(0),
                     std::chrono::ceil<milliseconds>(until - Clock::now()));
        pollfd entry{descriptor, events, 0};
        const int ready = ::poll(&entry, 1, static_cast<int>(left.count()));
        if (ready > 0 || (ready < 0 && errno != EINTR))
        {
            return true; // an error shows in the call that follows
        }
        if (Clock::now() < until)
        {
            continue;
        }
        if (until >= last || !isAtWork())
        {
            return false;
        }
        until = std::min(last, Clock::now() + look);
    }
}

/// Whether the target may still answer, now that the deadline has passed.
bool Patience::isAtWork()
{
    if (!anyThreadRunsBelow(::getpid()))
    {
        return false;
    }
    const auto had = coreTimeBelow(::getpid());
    hadAtDeadline = hadAtDeadline.value_or(had);
    return had - *hadAtDeadline < quiet / 4;
}

} // namespace conformance
