// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <signal.h>

namespace vmedia::tls
{

/// From now on a peer that has gone is EPIPE to this thread, and no signal:
/// for write(2) and sendfile(2), which know no MSG_NOSIGNAL.
inline void blockSigpipe()
{
    thread_local const bool blocked = [] {
        sigset_t set;
        ::sigemptyset(&set);
        ::sigaddset(&set, SIGPIPE);
        return ::pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0;
    }();
    static_cast<void>(blocked);
}

} // namespace vmedia::tls
