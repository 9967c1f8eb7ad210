// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/ws/peer.hpp"

#include <memory>

namespace conformance::ws
{

/// What goes through the WebSocket, and proves that it came through: every
/// byte, in order, once. NBD does not care where messages end, so a case may
/// cut the bytes of next() as it likes.
///
/// Shape:  begin() once, on a WebSocket that is open; then, as often as a case
///         wants, next(), the case sends these bytes in its own way, and
///         wantAnswer(). Whatever goes wrong is the peer's verdict.
class Conversation
{
  public:
    virtual ~Conversation() = default;

    /// To where any number of bytes can be carried.
    void begin(Peer& peer)
    {
        peer.sendData(firstWords(peer));
        settle(peer);
    }
    // The halves of begin(), for a case that sends them in its own way:
    /// What we say first, all of it ASCII, so that text can carry it.
    virtual Bytes firstWords(Peer& peer) = 0;
    /// The target's answer to that, and what follows.
    virtual void settle(Peer& peer) = 0;

    /// At least @p size bytes; a whole number of messages of the protocol.
    virtual Bytes next(Peer& peer, size_t size) = 0;
    /// The target's answer to all that next() gave.
    virtual void wantAnswer(Peer& peer) = 0;
};

/// So few bytes of firstWords() that NBD waits for more before it judges them,
/// whatever up to 4 bytes follow.
constexpr size_t judgedAfter(Role role)
{
    return role == Role::gateway ? 4 : 3; // the flags; a part of NBDMAGIC
}

/// For the role of the peer's target; null if that is not known.
std::unique_ptr<Conversation> converse(const Peer& peer);

/// The bytes come back.
std::unique_ptr<Conversation> converseWithEcho();
/// We are an NBD client: reads, whose replies bear our cookies.
std::unique_ptr<Conversation> converseWithServer();
/// We are an NBD server: what the target reads, and goes on reading.
std::unique_ptr<Conversation> converseWithClient();

} // namespace conformance::ws
