// SPDX-License-Identifier: Apache-2.0
#include "client_play.hpp"
#include "conversation.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::ws
{

using namespace vmedia::nbd;

namespace
{

/// The target is an NBD server: reads, of one byte each where only what we send
/// matters, whose cookies come back in any order.
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
            append(all, read(peer, 1));
        }
        return all;
    }

    Bytes ask(Peer& peer, size_t amount) override
    {
        Bytes all;
        for (size_t asked = 0; !peer.stopped() && asked < amount;)
        {
            append(all, read(peer, std::min(readMax, play.exportSize())));
            asked += lengths.back();
        }
        return all;
    }

    /// A long one is a write beyond the end, which changes nothing: reads would
    /// have thousands of replies, and a server may not bear that nobody is
    /// there to hear them.
    Bytes lure(Peer& peer, size_t wanted) override
    {
        if (wanted <= NbdRequest::wireSize)
        {
            return next(peer, wanted);
        }
        const auto length =
            static_cast<uint32_t>(wanted - NbdRequest::wireSize);
        Bytes all;
        append(all, encode(ClientPlay::request(peer, Cmd::write,
                                               play.exportSize(), length)));
        all.resize(wanted);
        return all;
    }

    void wantAnswer(Peer& peer) override
    {
        for (size_t i = 0; !peer.stopped() && i < lengths.size(); ++i)
        {
            wantReply(peer);
        }
        lengths.clear();
    }

  private:
    /// As long as any server takes it.
    static constexpr uint64_t readMax = 128U << 10;

    Bytes read(Peer& peer, uint64_t length)
    {
        if (lengths.empty())
        {
            firstCookie = peer.random()();
        }
        const uint64_t cookie = firstCookie + lengths.size();
        const uint64_t offset = peer.random()() %
                                (play.exportSize() - length + 1);
        lengths.push_back(static_cast<uint32_t>(length));
        const auto bytes =
            encode(NbdRequest{0, Cmd::read, cookie, offset, lengths.back()});
        return {bytes.begin(), bytes.end()};
    }

    /// To any of the reads that have none yet.
    void wantReply(Peer& peer)
    {
        const auto head = peer.wantStream(
            SimpleReply::wireSize,
            fmt::format("the replies to {} reads", lengths.size()));
        if (!head)
        {
            return;
        }
        const auto reply =
            decodeSimpleReply(std::span(*head).first<SimpleReply::wireSize>());
        const uint64_t index = reply ? reply->cookie - firstCookie : 0;
        peer.want(reply && reply->error == ErrorValue::none &&
                      index < lengths.size() && lengths[index] != 0,
                  "a reply that is to none of our reads",
                  "simple replies with our cookies");
        if (!peer.stopped())
        {
            peer.wantStream(std::exchange(lengths[index], 0),
                            "the data of a reply");
        }
    }

    ClientPlay play;
    uint64_t firstCookie = 0;
    std::vector<uint32_t> lengths; ///< of the reads; 0: it has its reply
};

} // namespace

std::unique_ptr<Conversation> converseWithServer()
{
    return std::make_unique<ServerConversation>();
}

} // namespace conformance::ws
