// SPDX-License-Identifier: Apache-2.0
#include "client_steps.hpp"

#include "vmedia/nbd/negotiator.hpp"

namespace conformance::ws
{

using vmedia::nbd::append;
using vmedia::nbd::Negotiator;

Lead leadOf(Peer& peer)
{
    Lead lead;
    append(lead.nonce, peer.random()());
    lead.frames = peer.framed({.opcode = Opcode::ping, .payload = lead.nonce});
    return lead;
}

Verdict refusesResponse(Peer& peer, const Spoil& spoil)
{
    const auto request = peer.receiveRequest();
    if (!request)
    {
        return peer.verdict();
    }
    Response response = upgradeResponse(*request);
    spoil(*request, response);
    Bytes behind;
    if (response.status == 101)
    {
        if (peer.profile().role == Role::bmc)
        {
            append(behind,
                   ByteView(peer.framed({.payload = Negotiator::greeting()})));
        }
        append(behind, ByteView(leadOf(peer).frames));
    }
    else
    {
        setField(response.fields, "Content-Length", "0");
    }
    if (!peer.stopped())
    {
        peer.send(response, behind);
    }
    peer.wantGivenUp();
    return peer.verdict();
}

void wantSession(Peer& peer)
{
    const auto talk = converse(peer);
    if (talk && !peer.stopped())
    {
        talk->begin(peer);
        peer.sendData(talk->next(peer, 1));
        talk->wantAnswer(peer);
    }
    peer.closeWell();
}

Verdict takesResponse(Peer& peer, const Spoil& spoil)
{
    const auto request = peer.receiveRequest();
    if (request)
    {
        Response response = upgradeResponse(*request);
        spoil(*request, response);
        peer.send(response);
        wantSession(peer);
    }
    return peer.verdict();
}

} // namespace conformance::ws
