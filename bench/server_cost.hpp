// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

/// What a process and its descendants took, as /proc tells it. A process that
/// went away in between counts as nothing.
namespace bench
{

/// User and system time so far of the process @p pid, of its descendants, and
/// of the children that they have reaped.
double cpuSecondsOf(int pid);

/// Bytes resident, a page that n processes share being n-ths: so a server
/// that forks for each client can be compared with one that does not.
uint64_t residentBytesOf(int pid);

/// Memory that no file is behind, a page that n processes share being n-ths;
/// with what each process once had beyond what it has now, if that was not
/// forgotten. The process @p without does not count.
uint64_t ownBytesOf(int pid, int without);

/// From now on the peak of ownBytesOf() begins anew.
void forgetPeaks(int pid);

} // namespace bench
