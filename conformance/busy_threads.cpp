// SPDX-License-Identifier: Apache-2.0
#include "busy_threads.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

namespace conformance
{

namespace
{

namespace fs = std::filesystem;

using Threads = std::map<pid_t, std::chrono::nanoseconds>;

template <typename Visit>
void forEachTask(pid_t process, Visit visit)
{
    std::error_code failed;
    for (fs::directory_iterator task(fmt::format("/proc/{}/task", process),
                                     failed);
         !failed && task != fs::directory_iterator(); task.increment(failed))
    {
        visit(task->path());
    }
}

void addBelow(pid_t root, Threads& all)
{
    forEachTask(root, [&all](const fs::path& parent) {
        std::ifstream children(parent / "children");
        for (pid_t pid = 0; children >> pid;)
        {
            forEachTask(pid, [&all](const fs::path& task) {
                // Time on a core, and time that it waited for one.
                std::ifstream file(task / "schedstat");
                int64_t running = 0;
                int64_t waiting = 0;
                if (file >> running >> waiting)
                {
                    all[std::stoi(task.filename().string())] =
                        std::chrono::nanoseconds(running + waiting);
                }
            });
            addBelow(pid, all);
        }
    });
}

bool runs(const fs::path& task)
{
    std::ifstream file(task / "stat");
    std::string line;
    std::getline(file, line);
    const size_t name = line.rfind(')'); // the name may hold anything
    return name != std::string::npos && (line.compare(name, 3, ") R") == 0 ||
                                         line.compare(name, 3, ") D") == 0);
}

} // namespace

bool anyThreadRunsBelow(pid_t root)
{
    bool found = false;
    forEachTask(root, [&found](const fs::path& parent) {
        std::ifstream children(parent / "children");
        for (pid_t pid = 0; !found && children >> pid;)
        {
            forEachTask(
                pid, [&found](const fs::path& task) { found |= runs(task); });
            found = found || anyThreadRunsBelow(pid);
        }
    });
    return found;
}

std::map<pid_t, std::chrono::nanoseconds> busyThreadsBelow(pid_t root)
{
    Threads all;
    addBelow(root, all);
    return all;
}

} // namespace conformance
