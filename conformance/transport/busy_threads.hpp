// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <sys/types.h>

#include <chrono>
#include <map>

namespace conformance
{

/// How long each thread of the processes below @p root was ready to run since
/// it began, whether or not a core was free for it: what is said of a thread
/// is the same on a busy machine. Without what cannot be read.
std::map<pid_t, std::chrono::nanoseconds> busyThreadsBelow(pid_t root);

/// How long the threads that there are now had a core, all together.
std::chrono::nanoseconds coreTimeBelow(pid_t root);

/// Whether one of them runs, or would if it had a core, or waits for a disk.
/// What was sent to a process, or closed, makes the thread that waits for it
/// ready at once: when none is, all that came before has been seen.
bool anyThreadRunsBelow(pid_t root);

} // namespace conformance
