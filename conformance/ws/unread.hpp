// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/ws/conversation.hpp"
#include "conformance/ws/peer.hpp"

#include <chrono>

namespace conformance::ws
{

// What a case does where nobody reads.

/// @p bytes in messages of @p size, each masked; the last may be shorter.
Bytes inMessages(Peer& peer, ByteView bytes, size_t size);

/// What makes the target send @p amount and more goes out, and nothing is read.
void askUnread(Peer& peer, Conversation& talk, size_t amount);

/// The same, for @p time; then all of it is there, as it is. Not applicable
/// where the target has never so much to say.
Verdict answersLater(Peer& peer, size_t amount, std::chrono::milliseconds time);

/// "" if the target can be made to send much; else why not.
std::string_view saysLittle(const Peer& peer);

} // namespace conformance::ws
