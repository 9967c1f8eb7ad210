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
    /// Bytes that make the target send @p amount bytes and more, as far as its
    /// role allows that; instead of next().
    virtual Bytes ask(Peer& peer, size_t amount)
    {
        return next(peer, amount);
    }
    /// The same as next(), in few and long messages of the protocol.
    virtual Bytes bulk(Peer& peer, size_t size)
    {
        return next(peer, size);
    }
    /// At least @p size bytes that shall not come through: if they do, the
    /// target has something to say. wantAnswer() knows nothing of them.
    virtual Bytes lure(Peer& peer, size_t size)
    {
        return next(peer, size);
    }
    /// The target's answer to all that next(), bulk() or ask() gave.
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

/// How many requests an NBD client has in flight, on a WebSocket that is open:
/// after the last of them it is silent until a deadline has passed.
size_t requestsInFlight(Peer& peer);

} // namespace conformance::ws
