// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "relay_keys.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bench
{

/// What a relay is told when it starts.
struct RelayPlace
{
    std::filesystem::path directory;  ///< for whatever files it needs
    std::filesystem::path unixSocket; ///< where somebody listens for it
    uint16_t port = 0;                ///< where it has to listen
    const RelayKeys& keys;
    bool tls = false;
    std::string self; ///< our own program, for hand-over
};

/// A relay between WebSockets and unix sockets, or what stands for one.
struct RelayPeer
{
    std::string_view name;
    std::string_view program;
    std::string_view package; ///< empty: ours, beside vmedia-bench
    /// The arguments after the program's path. Errors: a file not written.
    vmedia::Result<std::vector<std::string>> (*arguments)(const RelayPlace&);
    std::string_view target = "/";
    bool serves = true;     ///< false for the roofline: it knows no WebSocket
    bool handsOver = false; ///< it gives its socket to a program of its own
};

inline constexpr std::string_view ourRelay = "vmedia-httpd";

/// In the order of the table: ours first, the roofline last.
std::span<const RelayPeer> allRelayPeers();

} // namespace bench
