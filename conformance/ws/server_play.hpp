// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/ws/peer.hpp"
#include "vmedia/nbd/negotiator.hpp"

#include <deque>
#include <functional>

namespace conformance::ws
{

using NbdRequest = vmedia::nbd::Request; // not that of HTTP

/// We play the NBD server, step by step, to a client behind the target.
///
/// Shape:  haggle() up to the transmission, then requests wait until a case
///         takes them and sends their replies, in its own way and order.
///         Whatever goes wrong is the peer's verdict.
/// Data:   at each offset is that offset, 64 bits of it (as nbdkit's pattern
///         plugin has it), so that a client can tell a byte in a wrong place.
class ServerPlay
{
  public:
    /// The replies to one option, and where they lead.
    struct Told
    {
        vmedia::nbd::Opt option;
        vmedia::nbd::Phase next;
        Bytes replies;
    };
    using Tell = std::function<void(Peer& peer, const Told& told)>;

    /// After the greeting, which the case sends.
    void haggle(Peer& peer, const Tell& tell = sendAtOnce);
    /// How many requests the client keeps in flight: as the probe found, or
    /// all that come while nothing has a reply. Only silence ends that: a PONG
    /// would tell of the WebSocket, and not of the client behind it.
    void learnDepth(Peer& peer);
    /// The greeting, haggle() and learnDepth().
    void begin(Peer& peer);

    size_t depth() const
    {
        return most;
    }
    bool hasWaiting() const
    {
        return !waiting.empty();
    }
    NbdRequest takeOldest();
    NbdRequest takeNewest();
    /// The client reads on: it has as many in flight again as it keeps.
    void wantMore(Peer& peer);

  private:
    static void sendAtOnce(Peer& peer, const Told& told);
    static vmedia::nbd::Phase hearOption(Peer& peer,
                                         vmedia::nbd::Negotiator& negotiator,
                                         const Tell& tell);
    void replyToAll(Peer& peer);
    void hearUntil(Peer& peer, size_t count);
    void hear(Peer& peer);
    void hearAll(Peer& peer);

    std::deque<NbdRequest> waiting; ///< have no reply yet
    size_t most = 0;                ///< so many the client keeps waiting
};

/// The reply to @p request, and its data if that is a read.
Bytes replyTo(const NbdRequest& request);
Bytes errorTo(const NbdRequest& request, vmedia::nbd::ErrorValue error);

} // namespace conformance::ws
