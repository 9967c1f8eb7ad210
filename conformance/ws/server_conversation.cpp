// SPDX-License-Identifier: Apache-2.0
#include "conversation.hpp"
#include "vmedia/nbd/wire.hpp"

#include <fmt/format.h>

#include <set>

namespace conformance::ws
{

using namespace vmedia::nbd;
using NbdRequest = vmedia::nbd::Request; // not that of HTTP

namespace
{

/// The target is an NBD server: reads of one byte each, whose cookies come
/// back in any order.
class ServerConversation final : public Conversation
{
  public:
    void begin(Peer& peer) override
    {
        const auto bytes = peer.wantStream(Greeting::wireSize, "the greeting");
        if (!bytes)
        {
            return;
        }
        const auto greeting =
            decodeGreeting(std::span(*bytes).first<Greeting::wireSize>());
        if (!greeting)
        {
            return peer.conclude(
                failed("no NBD greeting", "NBDMAGIC and IHAVEOPT"));
        }
        Bytes start;
        append(start, uint32_t{greeting->handshakeFlags & 3U});
        append(start, encode(OptionHeader{Opt::exportName, 0}));
        peer.sendData(start);
        const size_t zeroes = (greeting->handshakeFlags & 2U) != 0 ? 0 : 124;
        const auto told = peer.wantStream(
            InfoExport::wireSize - sizeof(Info) + zeroes, "the export");
        if (told)
        {
            size = Reader(*told).u64();
            peer.want(size != 0, "an export of 0 bytes",
                      "an export to read from");
        }
    }

    Bytes next(Peer& peer, size_t wanted) override
    {
        Bytes all;
        while (!peer.stopped() && all.size() < wanted)
        {
            const uint64_t cookie = peer.random()();
            append(all, encode(NbdRequest{0, Cmd::read, cookie,
                                          peer.random()() % size, 1}));
            cookies.insert(cookie);
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
    uint64_t size = 1;
    std::set<uint64_t> cookies;
};

} // namespace

std::unique_ptr<Conversation> converseWithServer()
{
    return std::make_unique<ServerConversation>();
}

} // namespace conformance::ws
