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

/// @p visit is given what each thread below @p root had of a core, and how
/// long it waited for one.
template <typename Visit>
void forEachShareBelow(pid_t root, const Visit& visit)
{
    using std::chrono::nanoseconds;
    forEachTask(root, [&visit](const fs::path& parent) {
        std::ifstream children(parent / "children");
        for (pid_t pid = 0; children >> pid;)
        {
            forEachTask(pid, [&visit](const fs::path& task) {
                std::ifstream file(task / "schedstat");
                int64_t running = 0;
                int64_t waiting = 0;
                if (file >> running >> waiting)
                {
                    visit(std::stoi(task.filename().string()),
                          nanoseconds(running), nanoseconds(waiting));
                }
            });
            forEachShareBelow(pid, visit);
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
    std::map<pid_t, std::chrono::nanoseconds> all;
    forEachShareBelow(root, [&all](pid_t thread, auto running, auto waiting) {
        all[thread] = running + waiting;
    });
    return all;
}

std::chrono::nanoseconds coreTimeBelow(pid_t root)
{
    std::chrono::nanoseconds all{};
    forEachShareBelow(root,
                      [&all](pid_t, auto running, auto) { all += running; });
    return all;
}

} // namespace conformance
