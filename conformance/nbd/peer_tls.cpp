// SPDX-License-Identifier: Apache-2.0
#include "peer.hpp"

#include <fmt/format.h>

namespace conformance::nbd
{

using namespace vmedia::nbd;

void Peer::secure()
{
    secure(target.credentials);
}

void Peer::secure(const TlsWish& with)
{
    wantTlsStart();
    if (stopped())
    {
        return;
    }
    const TlsHandshake handshake = shakeHands(with);
    want(handshake.done,
         fmt::format("the handshake ended with {}", handshake.how),
         "a TLS handshake that succeeds");
}

void Peer::wantTlsStart()
{
    sendOption(Opt::startTls);
    if (const auto answer = wantAnswer(Opt::startTls, {Rep::ack}))
    {
        want(answer->parts.empty() && answer->last.data.empty(),
             fmt::format("{} replies before it, and {}", answer->parts.size(),
                         dump(answer->last.data)),
             "NBD_REP_ACK alone and without data");
    }
}

TlsHandshake Peer::shakeHands(const TlsWish& with)
{
    if (stopped() || !connection)
    {
        return {.how = "no connection"};
    }
    if (const auto begun = connection->beginTls(with); !begun)
    {
        conclude(notTested(begun.error().what));
        return {.how = begun.error().what};
    }
    TlsHandshake handshake = connection->shakeHands(deadline);
    if (!handshake.done && handshake.ended == Ended::no)
    {
        conclude(
            notTested("our OpenSSL cannot be such a client: " + handshake.how));
    }
    return handshake;
}

std::string Peer::wantNoTls(const TlsWish& with)
{
    wantTlsStart();
    if (stopped())
    {
        return {};
    }
    const TlsHandshake handshake = shakeHands(with);
    if (stopped())
    {
        return {};
    }
    if (!handshake.done)
    {
        if (handshake.ended == Ended::closed &&
            !handshake.how.starts_with("the alert"))
        {
            return handshake.how;
        }
        // An alert, the server's or ours, is followed by the end.
        const Received after = connection->wire().receiveSome(1, deadline);
        want(after.ended == Ended::closed,
             "the connection was still open after " + handshake.how,
             "a closed connection");
        return handshake.how;
    }
    // RFC 8446, section 4.4: a TLS 1.3 client may end its handshake before
    // the server has seen the client's proof.
    sendOption(unknownOption);
    if (stopped())
    {
        return {};
    }
    const Received received = connection->receive(1, deadline);
    want(received.bytes.empty(), "TLS, and an answer to an option in it",
         "no byte of NBD, and a closed connection");
    want(received.ended == Ended::closed, "the connection was still open",
         "a closed connection");
    return received.how;
}

} // namespace conformance::nbd
