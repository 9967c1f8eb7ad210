// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/target.hpp"
#include "conformance/ws/handshake.hpp"

#include <optional>
#include <string>

namespace conformance::ws
{

/// What speaks behind the WebSocket (table 1.1 of the catalogue).
enum class Role : uint8_t
{
    echo,    ///< sends back what it gets
    gateway, ///< an NBD server
    bmc,     ///< an NBD client
};

/// Where a WebSocket server is, and what a request needs to get in.
struct Endpoint
{
    Address address{};
    bool secure = false;       ///< wss
    std::string host{};        ///< as the Host field says it
    std::string target = "/";  ///< path and query
    Fields credentials{};      ///< such as Authorization
    std::string subprotocol{}; ///< offered where there is one

    /// The request that opens it, if the server does all right.
    Request request(std::string_view key) const;
};

/// What is known of the target: told, or found out by the probe.
struct Profile
{
    Endpoint endpoint{};
    Role role = Role::gateway;
    bool writable = false; ///< gateway: the export takes writes
    bool slots = false;    ///< a second client of this path is refused
    std::optional<uint64_t> messageMax{}; ///< the longest message it takes
    bool acceptsText = false;
};

std::string_view nameOf(Role role);

} // namespace conformance::ws
