// SPDX-License-Identifier: Apache-2.0
#include "server_cost.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace bench
{

namespace
{

/// @p pid and its descendants.
std::vector<int> familyOf(int pid)
{
    std::vector<int> family{pid};
    for (size_t i = 0; i < family.size(); ++i) // it grows on the way
    {
        std::error_code gone;
        const std::filesystem::directory_iterator tasks(
            fmt::format("/proc/{}/task", family[i]), gone);
        for (const auto& task : tasks)
        {
            std::ifstream in(task.path() / "children");
            for (int child = 0; in >> child;)
            {
                family.push_back(child);
            }
        }
    }
    return family;
}

/// To the nanosecond, where stat's utime and stime count 10 ms each.
double liveSeconds(int pid)
{
    clockid_t clock = 0;
    timespec time{};
    if (::clock_getcpuclockid(pid, &clock) != 0 ||
        ::clock_gettime(clock, &time) != 0)
    {
        return 0;
    }
    return static_cast<double>(time.tv_sec) +
           static_cast<double>(time.tv_nsec) / 1e9;
}

/// cutime and cstime of /proc/PID/stat: proc(5), fields 16 and 17.
double reapedSeconds(int pid)
{
    std::ifstream in(fmt::format("/proc/{}/stat", pid));
    std::string line;
    std::getline(in, line);
    const size_t name = line.rfind(')'); // the name may hold spaces
    if (name == std::string::npos)
    {
        return 0;
    }
    std::istringstream fields(line.substr(name + 1));
    std::string skipped;
    for (int field = 3; field < 16; ++field)
    {
        fields >> skipped;
    }
    double user = 0;
    double system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

/// A line such as "Pss:   12 kB" of /proc/PID/FILE; 0 without one.
uint64_t kibOf(int pid, std::string_view file, std::string_view name)
{
    std::ifstream in(fmt::format("/proc/{}/{}", pid, file));
    for (std::string line; std::getline(in, line);)
    {
        if (line.starts_with(name))
        {
            return std::stoull(line.substr(name.size()));
        }
    }
    return 0;
}

} // namespace

double cpuSecondsOf(int pid)
{
    double sum = 0;
    for (const int member : familyOf(pid))
    {
        sum += liveSeconds(member) + reapedSeconds(member);
    }
    return sum;
}

uint64_t residentBytesOf(int pid)
{
    uint64_t sum = 0;
    for (const int member : familyOf(pid))
    {
        sum += kibOf(member, "smaps_rollup", "Pss:") * 1024;
    }
    return sum;
}

uint64_t ownBytesOf(int pid, int without)
{
    uint64_t sum = 0;
    for (const int member : familyOf(pid))
    {
        if (member != without)
        {
            const uint64_t peak = kibOf(member, "status", "VmHWM:");
            const uint64_t now = kibOf(member, "status", "VmRSS:");
            sum += (kibOf(member, "smaps_rollup", "Pss_Anon:") + peak -
                    std::min(now, peak)) *
                   1024;
        }
    }
    return sum;
}

void forgetPeaks(int pid)
{
    for (const int member : familyOf(pid))
    {
        std::ofstream(fmt::format("/proc/{}/clear_refs", member)) << 5;
    }
}

} // namespace bench
