// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "config.hpp"
#include "session_state.hpp"
#include "vmedia/error/error.hpp"

#include <chrono>
#include <string>

namespace vmedia::proxy
{

struct SessionOptions
{
    Configuration configuration;
    std::chrono::seconds timeout;            ///< nbd-client -t
    std::string hook;                        ///< state; it may be missing
    std::string runDirectory;                ///< for the socket
    std::string nbdClient;
    std::chrono::milliseconds readyDeadline; ///< for the device's size
    std::chrono::milliseconds hookDeadline;  ///< for a hook, once ending
    int input = 0;
    int output = 1;
};

/// Serves one session to its end: nbd-client on the device, our descriptors
/// relayed to it, the state hook run around it. SessionState decides, this
/// moves bytes and starts programs.
///
/// Signals: takes SIGTERM, SIGINT and SIGHUP: each is an orderly end.
/// Leaves:  no process and no file.
/// Hooks:   run as `state start|stop NAME`, with NBD_DEVICE and NBD_SIZE in
///          their environment; what they print goes to our stderr.
/// Errors:  what kept the session from beginning; else how it ended.
Result<SessionState::Outcome> runSession(const SessionOptions& options);

} // namespace vmedia::proxy
