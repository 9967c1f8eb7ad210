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

    /// Writes beyond the end: they change nothing, and are refused one by one.
    Bytes bulk(Peer& peer, size_t wanted) override
    {
        Bytes all;
        while (!peer.stopped() && all.size() < wanted)
        {
            const size_t left = wanted - all.size();
            const size_t length = std::clamp<size_t>(
                left > NbdRequest::wireSize ? left - NbdRequest::wireSize : 0,
                1, bulkMax);
            append(all, encode(NbdRequest{0, Cmd::write,
                                          nextCookie(peer, refused),
                                          play.exportSize(),
                                          static_cast<uint32_t>(length)}));
            all.resize(all.size() + length);
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
    static constexpr size_t bulkMax = 128U << 10;
    /// In `lengths`: not a read, but what gets an error.
    static constexpr uint32_t refused = ~0U;

    uint64_t nextCookie(Peer& peer, uint32_t length)
    {
        if (lengths.empty())
        {
            firstCookie = peer.random()();
        }
        lengths.push_back(length);
        return firstCookie + lengths.size() - 1;
    }

    Bytes read(Peer& peer, uint64_t length)
    {
        const uint64_t cookie = nextCookie(peer, static_cast<uint32_t>(length));
        const uint64_t offset = peer.random()() %
                                (play.exportSize() - length + 1);
        const auto bytes =
            encode(NbdRequest{0, Cmd::read, cookie, offset, lengths.back()});
        return {bytes.begin(), bytes.end()};
    }

    /// To any of the reads that have none yet.
    void wantReply(Peer& peer)
    {
        const auto head = peer.wantStream(
            SimpleReply::wireSize,
            fmt::format("the replies to {} requests", lengths.size()));
        if (!head)
        {
            return;
        }
        const auto reply =
            decodeSimpleReply(std::span(*head).first<SimpleReply::wireSize>());
        const uint64_t index = reply ? reply->cookie - firstCookie : 0;
        const bool known = reply && index < lengths.size() &&
                           lengths[index] != 0;
        const uint32_t length =
            known ? std::exchange(lengths[index], 0) : uint32_t{0};
        peer.want(known && (reply->error == ErrorValue::none) ==
                               (length != refused),
                  "a reply that is to none of our requests",
                  "simple replies with our cookies");
        if (!peer.stopped() && length != refused)
        {
            peer.wantStream(length, "the data of a reply");
        }
    }

    ClientPlay play;
    uint64_t firstCookie = 0;
    std::vector<uint32_t> lengths; ///< of each request; 0: it has its reply
};

} // namespace

std::unique_ptr<Conversation> converseWithServer()
{
    return std::make_unique<ServerConversation>();
}

} // namespace conformance::ws
