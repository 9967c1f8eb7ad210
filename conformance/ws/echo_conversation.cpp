// SPDX-License-Identifier: Apache-2.0
#include "conversation.hpp"
#include "vmedia/nbd/negotiator.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::ws
{

namespace
{

class EchoConversation final : public Conversation
{
  public:
    Bytes firstWords(Peer& /*peer*/) override
    {
        expected = vmedia::nbd::Negotiator::greeting();
        return expected;
    }

    void settle(Peer& peer) override
    {
        wantAnswer(peer);
    }

    Bytes next(Peer& peer, size_t size) override
    {
        Bytes bytes(size);
        std::ranges::generate(
            bytes, [&peer] { return static_cast<std::byte>(peer.random()()); });
        vmedia::nbd::append(expected, ByteView(bytes));
        return bytes;
    }

    void wantAnswer(Peer& peer) override
    {
        const auto back = peer.wantStream(expected.size(), "the same bytes");
        if (back)
        {
            const auto [sent, came] = std::ranges::mismatch(expected, *back);
            peer.want(sent == expected.end(),
                      fmt::format("another byte at offset {}",
                                  sent - expected.begin()),
                      "the same bytes");
        }
        expected.clear();
    }

  private:
    Bytes expected;
};

} // namespace

std::unique_ptr<Conversation> converseWithEcho()
{
    return std::make_unique<EchoConversation>();
}

std::unique_ptr<Conversation> converse(const Peer& peer)
{
    const auto role = peer.profile().role;
    return !role                    ? nullptr
           : *role == Role::echo    ? converseWithEcho()
           : *role == Role::gateway ? converseWithServer()
                                    : converseWithClient();
}

} // namespace conformance::ws
