// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/ws/conversation.hpp"
#include "conformance/ws/peer.hpp"

#include <functional>

namespace conformance::ws
{

// What a case about a client does, most of the time.

/// Changes the response that would do all right.
using Spoil = std::function<void(const Request& request, Response& response)>;

/// The target is told what @p spoil makes of the right response, and with 101
/// what a client that takes it would answer. It has to give up.
Verdict refusesResponse(Peer& peer, const Spoil& spoil);

/// The same, but it is right still: NBD goes through.
Verdict takesResponse(Peer& peer, const Spoil& spoil);

/// What comes behind a response in the same segment: a PING, which owes a PONG.
struct Lead
{
    Bytes frames;
    Bytes nonce;
};
Lead leadOf(Peer& peer);

/// NBD goes through a WebSocket that has just opened, and both sides close it.
void wantSession(Peer& peer);

} // namespace conformance::ws
