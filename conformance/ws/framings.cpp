// SPDX-License-Identifier: Apache-2.0
#include "framings.hpp"

#include <algorithm>

namespace conformance::ws
{

std::unique_ptr<Conversation> openTalk(Peer& peer)
{
    peer.open();
    auto talk = converse(peer);
    if (talk)
    {
        talk->begin(peer);
    }
    return talk;
}

std::unique_ptr<Conversation> wantTalk(Peer& peer)
{
    auto talk = openTalk(peer);
    if (!talk)
    {
        peer.conclude(notApplicable("what is behind it is unknown, so nothing "
                                    "shows what came through"));
    }
    return talk;
}

Verdict delivers(Peer& peer, size_t size,
                 const std::function<void(ByteView)>& send)
{
    const auto talk = wantTalk(peer);
    const Bytes all = talk ? talk->next(peer, size) : Bytes();
    if (peer.stopped())
    {
        return peer.verdict();
    }
    send(ByteView(all).first(size));
    if (all.size() > size)
    {
        peer.sendData(ByteView(all).subspan(size));
    }
    talk->wantAnswer(peer);
    peer.wantOpenStill();
    return peer.verdict();
}

Bytes bait(Peer& peer, Conversation* talk, size_t size)
{
    Bytes all = talk != nullptr ? talk->lure(peer, size) : Bytes(size);
    if (all.size() > size)
    {
        const auto end = all.end() - static_cast<ptrdiff_t>(size);
        peer.sendData(Bytes(all.begin(), end));
        all.erase(all.begin(), end);
    }
    return all;
}

Verdict failsOn(Peer& peer, Frame frame, size_t baitSize,
                std::initializer_list<uint16_t> codes)
{
    const auto talk = openTalk(peer);
    if (baitSize != 0)
    {
        frame.payload = bait(peer, talk.get(), baitSize);
    }
    const Bytes bytes = peer.framed(std::move(frame));
    peer.wantFailed(bytes, describe(*parseHeader(bytes)), codes);
    return peer.verdict();
}

Verdict failsInside(Peer& peer, Frame frame,
                    std::initializer_list<uint16_t> codes)
{
    const auto talk = openTalk(peer);
    const Bytes rest = beginMessage(peer, talk.get());
    if (!isControl(frame.opcode) && frame.payload.empty())
    {
        frame.payload = rest;
    }
    const Bytes bytes = peer.framed(std::move(frame));
    peer.wantFailed(bytes, describe(*parseHeader(bytes)), codes);
    return peer.verdict();
}

Bytes beginMessage(Peer& peer, Conversation* talk)
{
    constexpr size_t size = 8;
    const Bytes message = bait(peer, talk, size);
    if (peer.stopped())
    {
        return {};
    }
    const auto half = message.begin() + size / 2;
    peer.sendFrame({.payload = Bytes(message.begin(), half),
                    .fin = false,
                    .mask = peer.mask()});
    peer.wantOpenStill();
    if (peer.profile().role == Role::echo)
    {
        peer.mayHaveSaid(size / 2); // it need not wait for the end
    }
    return {half, message.end()};
}

std::vector<Frame> fragmentsOf(ByteView bytes,
                               std::initializer_list<size_t> sizes)
{
    std::vector<Frame> fragments;
    const auto add = [&fragments](ByteView payload, bool last) {
        fragments.push_back({.opcode = fragments.empty() ? Opcode::binary
                                                         : Opcode::continuation,
                             .payload = Bytes(payload.begin(), payload.end()),
                             .fin = last});
    };
    for (const size_t wanted : sizes)
    {
        const ByteView piece = bytes.first(std::min(wanted, bytes.size()));
        add(piece, false);
        bytes = bytes.subspan(piece.size());
    }
    add(bytes, true);
    return fragments;
}

void sendFragments(Peer& peer, ByteView bytes,
                   std::initializer_list<size_t> sizes)
{
    for (Frame& one : fragmentsOf(bytes, sizes))
    {
        one.mask = peer.mask();
        peer.sendFrame(one);
    }
}

} // namespace conformance::ws
