// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/tls_steps.hpp"

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view sendsTls = "NBD_OPT_STARTTLS and a TLS handshake";

constexpr Needs verified = Needs::tlsRequired | Needs::verifyPeer;

/// Accepted or not: that is for the one who set the server up to say.
Verdict recorded(Peer& peer, const TlsWish& with)
{
    peer.wantTlsStart();
    if (peer.stopped())
    {
        return peer.verdict();
    }
    if (const TlsHandshake handshake = peer.shakeHands(with); !handshake.done)
    {
        return noted("refused: " + handshake.how);
    }
    peer.allowClose(true);
    peer.sendOption(unknownOption);
    const auto answer = peer.wantAnswer(unknownOption);
    if (peer.stopped())
    {
        return peer.verdict();
    }
    return noted(answer ? "accepted" : "refused after the handshake");
}

constexpr Case cases[] = {
    {
        .id = "nbd.tls.certificate.valid",
        .spec = requiredSpec,
        .says = "After an `NBD_REP_ACK` reply has been sent, the server MUST "
                "be prepared for a TLS handshake",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "handshakes of TLS 1.3 and 1.2 with a certificate of the "
                 "server's authority",
        .wants = "TLS, and the export in it",
        .needs = verified,
        .run =
            [](Peer& peer) {
    for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION})
    {
        onAnother(peer, [version](Peer& next) {
            wantServed(next, next.profile().keys->client.only(version));
        });
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.tls.certificate.none",
        .spec = requiredSpec,
        .says = handshakeFails,
        .level = Level::must,
        .subject = Subject::server,
        .sends = sendsTls,
        .wants = noNbd,
        .needs = verified,
        .run =
            [](Peer& peer) {
    for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION})
    {
        onAnother(peer, [version](Peer& next) {
            next.wantNoTls(TlsWish{}.only(version));
        });
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.tls.certificate.foreign",
        .spec = requiredSpec,
        .says = handshakeFails,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "a handshake with a certificate of another authority",
        .wants = noNbd,
        .needs = verified,
        .run =
            [](Peer& peer) {
    return wantRefused(peer, peer.profile().keys->foreign);
},
    },
    {
        .id = "nbd.tls.certificate.revoked",
        .spec = authSpec,
        .says = "A certificate that the server's authority took back is "
                "refused.",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "a handshake with a certificate that is in the server's CRL",
        .wants = noNbd,
        .needs = verified | Needs::crl,
        .run =
            [](Peer& peer) {
    return wantRefused(peer, peer.profile().keys->revoked);
},
    },
    {
        .id = "nbd.tls.certificate.expired",
        .spec = requiredSpec,
        .says = handshakeFails,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "a handshake with a certificate whose time is over",
        .wants = noNbd,
        .needs = verified | Needs::ownKeys,
        .run =
            [](Peer& peer) {
    return wantRefused(peer, peer.profile().keys->expired);
},
    },
    {
        .id = "nbd.tls.certificate.of-a-server",
        .spec = authSpec,
        .says = "This standard does not specify authentication and "
                "authorisation (for instance whether client and/or server "
                "certificates are required and what they should contain)",
        .level = Level::may,
        .subject = Subject::server,
        .sends = "a handshake with a certificate for servers",
        .wants = "to be accepted or refused",
        .needs = verified | Needs::ownKeys,
        .run =
            [](Peer& peer) {
    return recorded(peer, peer.profile().keys->ofServer);
},
    },
    {
        .id = "nbd.tls.certificate.not-looked-at",
        .spec = authSpec,
        .says = "This standard does not specify authentication and "
                "authorisation (for instance whether client and/or server "
                "certificates are required and what they should contain)",
        .level = Level::may,
        .subject = Subject::server,
        .sends = "a handshake with a certificate of another authority, to a "
                 "server that was told not to look",
        .wants = "to be accepted or refused",
        .needs = Needs::tlsRequired | Needs::anyPeer,
        .run =
            [](Peer& peer) {
    return recorded(peer, peer.profile().keys->foreign);
},
    },
    {
        .id = "nbd.tls.certificate.key-instead",
        .spec = requiredSpec,
        .says = handshakeFails,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "a handshake of a client that has no certificate but a key",
        .wants = noNbd,
        .needs = Needs::tlsRequired | Needs::certificate,
        .run =
            [](Peer& peer) {
    // TLS 1.2, where a client can offer keys alone.
    return wantRefused(peer, peer.profile().keys->alice.only(TLS1_2_VERSION));
},
    },
};

} // namespace

const Area tlsCertificateArea{"tls credentials", cases};

} // namespace conformance::nbd
