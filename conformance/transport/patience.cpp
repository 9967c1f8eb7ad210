// SPDX-License-Identifier: Apache-2.0
#include "patience.hpp"

#include "conformance/transport/busy_threads.hpp"

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
    pollfd entry{descriptor, events, 0};
    return wait(std::span(&entry, 1));
}

bool Patience::wait(std::span<pollfd> these)
{
    constexpr milliseconds look(20);
    for (;;)
    {
        const auto left =
            std::max(milliseconds(0),
                     std::chrono::ceil<milliseconds>(until - Clock::now()));
        const int ready = ::poll(these.data(), these.size(),
                                 static_cast<int>(left.count()));
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
