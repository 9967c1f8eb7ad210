// SPDX-License-Identifier: Apache-2.0
#include "conversation.hpp"
#include "server_play.hpp"

#include <fmt/format.h>

namespace conformance::ws
{

using namespace vmedia::nbd;

namespace
{

/// The target is an NBD client that reads on and on: each reply that came
/// through is followed by another request.
class ClientConversation final : public Conversation
{
  public:
    Bytes firstWords(Peer& /*peer*/) override
    {
        return Negotiator::greeting();
    }

    void settle(Peer& peer) override
    {
        play.haggle(peer);
        play.learnDepth(peer);
    }

    Bytes next(Peer& peer, size_t wanted) override
    {
        Bytes all;
        while (!peer.stopped() && all.size() < wanted)
        {
            if (!play.hasWaiting())
            {
                peer.conclude(notApplicable(fmt::format(
                    "the client has no more than {} requests in flight, and "
                    "their replies are no longer than {} bytes",
                    play.depth(), given + all.size())));
                break;
            }
            append(all, ByteView(replyTo(play.takeOldest())));
        }
        given += all.size();
        return all;
    }

    /// A request is all that a client ever sends.
    Bytes ask(Peer& peer, size_t /*amount*/) override
    {
        return next(peer, 1);
    }

    void wantAnswer(Peer& peer) override
    {
        play.wantMore(peer);
        given = 0;
    }

    size_t requests() const
    {
        return play.depth();
    }

  private:
    ServerPlay play;
    size_t given = 0; ///< bytes of replies without an answer
};

} // namespace

size_t requestsInFlight(Peer& peer)
{
    ClientConversation talk;
    talk.begin(peer);
    return peer.stopped() ? 0 : talk.requests();
}

std::unique_ptr<Conversation> converseWithClient()
{
    return std::make_unique<ClientConversation>();
}

} // namespace conformance::ws
