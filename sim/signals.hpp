// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <boost/asio/awaitable.hpp>

#include <string>

namespace sim
{

struct Ended
{
    std::string name; ///< "Ctrl-C", "SIGTERM"
    int status;       ///< 128 + signal number, as a shell has it
};

/// Waits for SIGINT, SIGTERM or SIGHUP. Cancellable.
boost::asio::awaitable<Ended> untilSignal();

} // namespace sim
