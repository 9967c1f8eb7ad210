// SPDX-License-Identifier: Apache-2.0
#include "process_tree.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace conformance
{

namespace
{

namespace fs = std::filesystem;

/// Field by field as proc(5) counts them from "state" (3) on: what is before
/// it may hold blanks.
std::vector<std::string> statOf(pid_t pid)
{
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    std::string line;
    std::getline(file, line);
    const size_t name = line.rfind(')');
    std::vector<std::string> fields;
    if (name != std::string::npos)
    {
        for (size_t at = name + 2; at < line.size();)
        {
            const size_t end = std::min(line.find(' ', at), line.size());
            fields.push_back(line.substr(at, end - at));
            at = end + 1;
        }
    }
    return fields;
}

uint64_t memoryOf(pid_t pid)
{
    std::ifstream rollup(fmt::format("/proc/{}/smaps_rollup", pid));
    for (std::string line; std::getline(rollup, line);)
    {
        if (line.starts_with("Pss:"))
        {
            return std::stoull(line.substr(4)) * 1024; // "Pss:   12 kB"
        }
    }
    std::ifstream statm(fmt::format("/proc/{}/statm", pid));
    uint64_t size = 0;
    uint64_t resident = 0;
    statm >> size >> resident;
    return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

int descriptorsOf(pid_t pid)
{
    std::error_code failed;
    int count = 0;
    for (fs::directory_iterator one(fmt::format("/proc/{}/fd", pid), failed);
         !failed && one != fs::directory_iterator(); one.increment(failed))
    {
        ++count;
    }
    return count;
}

Usage usageOf(pid_t pid)
{
    constexpr size_t state = 0;
    constexpr size_t userTime = 11; // field 14 of proc(5)
    const auto fields = statOf(pid);
    if (fields.size() <= userTime + 1)
    {
        return {};
    }
    if (fields[state] == "Z" || fields[state] == "X")
    {
        return {.zombies = 1};
    }
    const uint64_t ticks = std::stoull(fields[userTime]) +
                           std::stoull(fields[userTime + 1]);
    const auto rate = static_cast<uint64_t>(::sysconf(_SC_CLK_TCK));
    return {.memory = memoryOf(pid),
            .cpu = std::chrono::milliseconds(ticks * 1000 / rate),
            .descriptors = descriptorsOf(pid),
            .running = 1};
}

} // namespace

void Usage::add(const Usage& other)
{
    memory += other.memory;
    cpu += other.cpu;
    descriptors += other.descriptors;
    running += other.running;
    zombies += other.zombies;
}

Usage usageBelow(pid_t root)
{
    Usage all;
    std::error_code failed;
    // Each thread has children of its own.
    for (fs::directory_iterator task(fmt::format("/proc/{}/task", root),
                                     failed);
         !failed && task != fs::directory_iterator(); task.increment(failed))
    {
        std::ifstream children(task->path() / "children");
        for (pid_t pid = 0; children >> pid;)
        {
            all.add(usageOf(pid));
            all.add(usageBelow(pid));
        }
    }
    return all;
}

} // namespace conformance
