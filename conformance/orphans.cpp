// SPDX-License-Identifier: Apache-2.0
#include "orphans.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

namespace conformance
{

std::vector<pid_t> orphans(pid_t known)
{
    std::ifstream file(fmt::format("/proc/self/task/{}/children", ::getpid()));
    std::vector<pid_t> found;
    pid_t pid = 0;
    while (file >> pid)
    {
        if (pid != known && ::waitpid(pid, nullptr, WNOHANG) == 0)
        {
            found.push_back(pid);
        }
    }
    return found;
}

void endOrphans()
{
    // To end one may hand us its own children: until there are none.
    for (auto all = orphans(0); !all.empty(); all = orphans(0))
    {
        for (const pid_t pid : all)
        {
            ::kill(pid, SIGKILL);
            ::waitpid(pid, nullptr, 0);
        }
    }
}

} // namespace conformance
