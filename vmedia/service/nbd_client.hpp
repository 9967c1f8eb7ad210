// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vmedia::service
{

/// What an nbd-client can be told, by its own help.
struct ClientAbilities
{
    bool nonetlink = true; ///< -L: netlink is compiled in, and can be left out
    bool readonly = true;  ///< -R
};

/// Reads the help of nbd-client, whichever way its lines are written. Without
/// any (3.27.1 may crash over it) an nbd-client of this decade is assumed.
ClientAbilities clientAbilities(std::string_view help);

struct ClientOptions
{
    std::string program = "nbd-client";
    std::string socket{};
    std::string device{}; ///< "/dev/nbd0"
    std::chrono::seconds timeout{30};
    uint16_t blockSize = 512;
    bool readOnly = true;
};

/// nbd-client in the foreground (-n, which 3.27.1 ignores: the parent exits
/// with 0 and its child serves), by ioctl and not by netlink, after which no
/// process would be left to tell that the medium went.
std::vector<std::string> clientCommand(const ClientOptions& options,
                                       const ClientAbilities& abilities);

} // namespace vmedia::service
