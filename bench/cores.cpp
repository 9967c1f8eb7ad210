// SPDX-License-Identifier: Apache-2.0
#include "cores.hpp"

#include <fmt/format.h>
#include <sched.h>

#include <cerrno>
#include <vector>

namespace bench
{

using vmedia::Errc;
using vmedia::fail;
using vmedia::Result;

Result<Cores> twoCores()
{
    cpu_set_t usable;
    CPU_ZERO(&usable);
    ::sched_getaffinity(0, sizeof(usable), &usable);
    std::vector<int> found;
    for (int core = 0; core < CPU_SETSIZE && found.size() < 2; ++core)
    {
        if (CPU_ISSET(core, &usable))
        {
            found.push_back(core);
        }
    }
    if (found.size() < 2)
    {
        return fail(Errc::io,
                    "a relay and its load need a processor each, and this "
                    "process may use one only",
                    "run it on a machine with two, or without taskset");
    }
    return Cores{found[0], found[1]};
}

Result<void> pinTo(int core)
{
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(core, &only);
    if (::sched_setaffinity(0, sizeof(only), &only) != 0)
    {
        return vmedia::failErrno(errno, fmt::format("processor {}", core));
    }
    return {};
}

} // namespace bench
