// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/ws/gate.hpp"
#include "conformance/ws/target.hpp"

#include <chrono>

namespace conformance::ws
{

/// Asks a target what it is, as far as @p told leaves it open: what is behind
/// it, whether it serves a second client, what it does with text.
///
/// Errors: it is no WebSocket server, or wants credentials, or has no slot
///         that is free: said in words, with the option to use.
vmedia::Result<Profile> probe(const Profile& told,
                              std::chrono::milliseconds deadline);

/// The same for the client that dials @p gate, and what its request says.
struct FoundClient
{
    Profile profile;
    Request request;
};
vmedia::Result<FoundClient> probe(const Profile& told, Gate& gate,
                                  std::chrono::milliseconds start,
                                  std::chrono::milliseconds deadline);

/// "it serves NBD; no Origin; no subprotocol; no extension"
std::string describe(const FoundClient& found);

} // namespace conformance::ws
