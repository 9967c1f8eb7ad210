// SPDX-License-Identifier: Apache-2.0
#pragma once

/// SIGINT and SIGTERM end a run in order, so that servers, sockets and the
/// image go. The one thing here that is global: a signal has no argument.
namespace bench
{

/// Call once; from then on system calls may end with EINTR.
void stopOnSignals();

bool stopWanted();

} // namespace bench
