// SPDX-License-Identifier: Apache-2.0
#include "process_tree.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <vector>

#include <gtest/gtest.h>

namespace conformance
{

/// A child that says when it has done @p work, and stays until it goes.
class Worker
{
  public:
    template <typename Work>
    explicit Worker(Work work)
    {
        std::array<int, 2> said{};
        EXPECT_EQ(::pipe(said.data()), 0);
        pid = ::fork();
        if (pid == 0)
        {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            work();
            const char done = 1;
            const ssize_t put = ::write(said[1], &done, 1);
            ::pause();
            ::_exit(put == 1 ? 0 : 1);
        }
        char byte = 0;
        EXPECT_EQ(::read(said[0], &byte, 1), 1);
        ::close(said[0]);
        ::close(said[1]);
    }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker()
    {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
    }

    pid_t pid;
};

TEST(ProcessTree, seesMemoryAndDescriptorsOfChildrenAndTheirChildren)
{
    constexpr size_t large = 64 << 20;
    const Usage before = usageBelow(::getpid());
    EXPECT_EQ(before.running, 0);
    const Worker idle([] {});
    const Usage small = usageBelow(::getpid());
    const Worker parent([] {
        const Worker* grandchild = new Worker([] {
            static std::vector<char> held(large, 1);
            EXPECT_GE(::dup(0), 0);
        });
        EXPECT_GT(grandchild->pid, 0);
    });
    const Usage all = usageBelow(::getpid());
    EXPECT_EQ(small.running, 1);
    EXPECT_EQ(all.running, 3);
    EXPECT_GE(all.memory, small.memory + large);
    EXPECT_GT(all.descriptors, 2 * small.descriptors);
}

TEST(ProcessTree, tellsTheDeadThatNobodyAskedFor)
{
    const pid_t pid = ::fork();
    if (pid == 0)
    {
        ::_exit(0);
    }
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT),
              0);
    EXPECT_EQ(usageBelow(::getpid()).zombies, 1);
    EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
    EXPECT_EQ(usageBelow(::getpid()).zombies, 0);
}

} // namespace conformance
