// SPDX-License-Identifier: Apache-2.0
#include "unread.hpp"

#include "framings.hpp"

#include <algorithm>

namespace conformance::ws
{

namespace
{

constexpr size_t messageSize = 128U << 10;

} // namespace

Bytes inMessages(Peer& peer, ByteView bytes, size_t size)
{
    Bytes all;
    while (!bytes.empty())
    {
        const ByteView piece = bytes.first(std::min(size, bytes.size()));
        const Bytes frame =
            peer.framed({.payload = Bytes(piece.begin(), piece.end())});
        vmedia::nbd::append(all, ByteView(frame));
        bytes = bytes.subspan(piece.size());
    }
    return all;
}

void askUnread(Peer& peer, Conversation& talk, size_t amount)
{
    const Bytes bytes = talk.ask(peer, amount);
    if (!peer.stopped())
    {
        peer.sendUnread(inMessages(peer, bytes, messageSize),
                        "what is answered with much");
    }
}

Verdict answersLater(Peer& peer, size_t amount, std::chrono::milliseconds time)
{
    if (const auto why = saysLittle(peer); !why.empty())
    {
        return leaveOut(peer, std::string(why));
    }
    const auto talk = wantTalk(peer);
    if (!talk)
    {
        return peer.verdict();
    }
    askUnread(peer, *talk, amount);
    peer.leaveUnread(time);
    peer.sendRest();
    talk->wantAnswer(peer);
    peer.wantOpenStill();
    return peer.verdict();
}

std::string_view saysLittle(const Peer& peer)
{
    const auto role = peer.profile().role;
    return !role               ? "what is behind it is unknown"
           : role == Role::bmc ? "an NBD client sends requests, which are short"
                               : "";
}

} // namespace conformance::ws
