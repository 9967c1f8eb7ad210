// SPDX-License-Identifier: Apache-2.0
#include "hearing.hpp"

#include "framings.hpp"

namespace conformance::ws
{

void hearAll(Peer& peer)
{
    if (const auto talk = openTalk(peer))
    {
        for (const size_t amount : {1U, 126U, 65536U})
        {
            peer.sendData(talk->ask(peer, amount));
            talk->wantAnswer(peer);
        }
    }
    for (const size_t size : {0U, 125U})
    {
        peer.send(Opcode::ping, Bytes(size));
    }
    peer.wantOpenStill();
    peer.sendClose();
    while (!peer.ending().close && peer.nextFrame())
    {}
}

Verdict sendsOnly(Peer& peer, bool (*isRight)(const Header&),
                  std::string_view wanted)
{
    hearAll(peer);
    for (const Header& header : peer.headers())
    {
        peer.want(isRight(header), describe(header), std::string(wanted));
    }
    return peer.verdict();
}

} // namespace conformance::ws
