// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/ws/conversation.hpp"
#include "conformance/ws/peer.hpp"

#include <functional>
#include <initializer_list>
#include <memory>
#include <vector>

namespace conformance::ws
{

// What a case about frames does, most of the time: bytes that have to come
// through in its own framing, or one frame that must end the connection.

/// A WebSocket that is open, and a conversation that has begun in it. Null if
/// nothing is known of what is behind it.
std::unique_ptr<Conversation> openTalk(Peer& peer);

/// The same for a case that is nothing without it: not applicable then.
std::unique_ptr<Conversation> wantTalk(Peer& peer);

/// The first @p size bytes of a conversation go out by @p send, the rest of it
/// in an ordinary frame, and all of them are answered.
Verdict delivers(Peer& peer, size_t size,
                 const std::function<void(ByteView)>& send);

/// @p size bytes that the target would answer, if it took them: what has to
/// come before them in the conversation is sent. Without one, any bytes.
Bytes bait(Peer& peer, Conversation* talk, size_t size);

/// @p frame, masked, with so much bait if that is not 0, fails the connection.
Verdict failsOn(Peer& peer, Frame frame, size_t baitSize = 0,
                std::initializer_list<uint16_t> codes = {1002});

/// The same while a binary message has not ended; a data frame without a
/// payload gets bait.
Verdict failsInside(Peer& peer, Frame frame,
                    std::initializer_list<uint16_t> codes = {1002});

/// A first fragment, and what the message would end with. The target has read
/// the fragment then.
Bytes beginMessage(Peer& peer, Conversation* talk);

/// A binary message of @p bytes: each of @p sizes in a fragment of its own, and
/// what is left in the last.
std::vector<Frame> fragmentsOf(ByteView bytes,
                               std::initializer_list<size_t> sizes);

/// These, with a new mask in each.
void sendFragments(Peer& peer, ByteView bytes,
                   std::initializer_list<size_t> sizes);

} // namespace conformance::ws
