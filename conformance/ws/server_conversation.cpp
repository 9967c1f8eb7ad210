// SPDX-License-Identifier: Apache-2.0
#include "client_play.hpp"
#include "conversation.hpp"

#include <fmt/format.h>

#include <set>

namespace conformance::ws
{

using namespace vmedia::nbd;

namespace
{

/// The target is an NBD server: reads of one byte each, whose cookies come
/// back in any order.
class ServerConversation final : public Conversation
{
  public:
    Bytes firstWords(Peer& peer) override
    {
        play.hearGreeting(peer);
        Bytes words = play.flags();
        append(words, ByteView(ClientPlay::chooseDefault()));
        return words;
    }

    void settle(Peer& peer) override
    {
        play.hearExport(peer);
    }

    Bytes next(Peer& peer, size_t wanted) override
    {
        Bytes all;
        while (!peer.stopped() && all.size() < wanted)
        {
            const uint64_t at = peer.random()() % play.exportSize();
            const auto request = ClientPlay::request(peer, Cmd::read, at, 1);
            append(all, encode(request));
            cookies.insert(request.cookie);
        }
        return all;
    }

    void wantAnswer(Peer& peer) override
    {
        constexpr size_t replySize = SimpleReply::wireSize + 1;
        const auto bytes = peer.wantStream(
            cookies.size() * replySize,
            fmt::format("the replies to {} reads", cookies.size()));
        for (size_t at = 0; bytes && !peer.stopped() && at < bytes->size();
             at += replySize)
        {
            const auto reply = decodeSimpleReply(
                std::span(*bytes).subspan(at).first<SimpleReply::wireSize>());
            peer.want(reply && reply->error == ErrorValue::none &&
                          cookies.erase(reply->cookie) == 1,
                      "a reply that is to none of our reads",
                      "simple replies with our cookies");
        }
        cookies.clear();
    }

  private:
    ClientPlay play;
    std::set<uint64_t> cookies;
};

} // namespace

std::unique_ptr<Conversation> converseWithServer()
{
    return std::make_unique<ServerConversation>();
}

} // namespace conformance::ws
