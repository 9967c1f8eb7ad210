// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/steps.hpp"

#include <fmt/format.h>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view requiredSpec =
    "proto.md, TLS support, Server-side requirements, FORCEDTLS mode";
constexpr std::string_view versionSpec =
    "proto.md, TLS support, Security considerations, TLS versions";
constexpr std::string_view authSpec =
    "proto.md, TLS support, Certificates, authentication and authorisation";
constexpr std::string_view handshakeFails =
    "If the handshake is unsuccessful (for instance the client's certificate "
    "does not match) the server MUST terminate the session";
constexpr std::string_view sendsTls = "NBD_OPT_STARTTLS and a TLS handshake";
constexpr std::string_view noNbd = "a closed connection, and no byte of NBD";

constexpr Needs required = Needs::tlsRequired;
constexpr Needs psk = Needs::tlsRequired | Needs::psk;
constexpr Needs verified = Needs::tlsRequired | Needs::verifyPeer;

/// TLS with that client, and an export in it.
void wantServed(Peer& peer, const TlsWish& with)
{
    peer.secure(with);
    if (!peer.stopped())
    {
        go(peer);
        peer.wantRead(block);
    }
}

Verdict wantRefused(Peer& peer, const TlsWish& with)
{
    peer.wantNoTls(with);
    return peer.verdict();
}

/// Accepted or not: that is for the one who set the server up to say.
Verdict recorded(Peer& peer, const TlsWish& with)
{
    peer.wantTlsStart();
    if (peer.stopped())
    {
        return peer.verdict();
    }
    if (const Handshake handshake = peer.shakeHands(with); !handshake.done)
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

TlsWish stranger(const Peer& peer)
{
    TlsWish wish = peer.profile().keys->bob;
    wish.identity = "eve";
    return wish;
}

TlsWish wrongKey(const Peer& peer)
{
    TlsWish wish = peer.profile().keys->alice;
    wish.key.back() = static_cast<char>(wish.key.back() ^ 1);
    return wish;
}

/// All that a client can see of a refusal of each, in both versions of TLS.
Verdict wantSame(Peer& peer, const TlsWish& one, const TlsWish& other)
{
    for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION})
    {
        std::string seen[2];
        const TlsWish* const wishes[] = {&one, &other};
        for (size_t i = 0; i < 2; ++i)
        {
            Peer next = peer.another();
            next.start();
            seen[i] = next.wantNoTls(wishes[i]->only(version));
            adopt(peer, next);
        }
        peer.want(seen[0] == seen[1], seen[0] + " and " + seen[1],
                  "the same in both cases");
    }
    return peer.verdict();
}

constexpr Case cases[] = {
    {
        .id = "nbd.tls.version.mandatory",
        .spec = versionSpec,
        .says = "NBD implementations supporting TLS MUST support TLS version "
                "1.2",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "a TLS 1.2 handshake",
        .wants = "TLS, and the export in it",
        .needs = required,
        .run =
            [](Peer& peer) {
    wantServed(peer, peer.profile().credentials.only(TLS1_2_VERSION));
    return peer.verdict();
},
    },
    {
        .id = "nbd.tls.version.later",
        .spec = versionSpec,
        .says = "NBD implementations supporting TLS MUST support TLS version "
                "1.2, SHOULD support any later versions",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "a TLS 1.3 handshake",
        .wants = "TLS, and the export in it",
        .needs = required,
        .run =
            [](Peer& peer) {
    wantServed(peer, peer.profile().credentials.only(TLS1_3_VERSION));
    return peer.verdict();
},
    },
    {
        .id = "nbd.tls.version.older",
        .spec = versionSpec,
        .says = "NBD implementations MAY support older versions but SHOULD "
                "NOT do so by default",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "handshakes of TLS 1.1 and TLS 1.0",
        .wants = noNbd,
        .needs = required,
        .run =
            [](Peer& peer) {
    TlsWish wish = peer.profile().credentials;
    wish.anyStrength = true;
    for (const int version : {TLS1_1_VERSION, TLS1_VERSION})
    {
        Peer next = peer.another();
        next.start();
        next.wantNoTls(wish.only(version));
        adopt(peer, next);
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.tls.cipher.null",
        .spec = authSpec,
        .says = "Ciphers that hide nothing are refused.",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "a TLS 1.2 handshake that offers NULL ciphers only",
        .wants = noNbd,
        .needs = required,
        .run =
            [](Peer& peer) {
    TlsWish wish = peer.profile().credentials.only(TLS1_2_VERSION);
    wish.anyStrength = true;
    wish.ciphers = "eNULL";
    return wantRefused(peer, wish);
},
    },
    {
        .id = "nbd.tls.cipher.anonymous",
        .spec = authSpec,
        .says = "Ciphers that prove nothing of who is there are refused.",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "a TLS 1.2 handshake that offers anonymous ciphers only",
        .wants = noNbd,
        .needs = required,
        .run =
            [](Peer& peer) {
    TlsWish wish = peer.profile().credentials.only(TLS1_2_VERSION);
    wish.anyStrength = true;
    wish.ciphers = "aNULL";
    return wantRefused(peer, wish);
},
    },
    {
        .id = "nbd.tls.psk.right-key",
        .spec = requiredSpec,
        .says = "After an `NBD_REP_ACK` reply has been sent, the server MUST "
                "be prepared for a TLS handshake",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "handshakes of TLS 1.3 and 1.2 by both users with their keys",
        .wants = "TLS, and the export in it",
        .needs = psk,
        .run =
            [](Peer& peer) {
    for (const TlsWish* user :
         {&peer.profile().keys->alice, &peer.profile().keys->bob})
    {
        for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION})
        {
            Peer next = peer.another();
            next.start();
            wantServed(next, user->only(version));
            adopt(peer, next);
        }
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.tls.psk.wrong-key",
        .spec = requiredSpec,
        .says = handshakeFails,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "a handshake with a user's name and a key that differs in "
                 "its last bit",
        .wants = noNbd,
        .needs = psk,
        .run = [](Peer& peer) { return wantRefused(peer, wrongKey(peer)); },
    },
    {
        .id = "nbd.tls.psk.unknown-user",
        .spec = requiredSpec,
        .says = handshakeFails,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "a handshake with a name that has no key",
        .wants = noNbd,
        .needs = psk,
        .run = [](Peer& peer) { return wantRefused(peer, stranger(peer)); },
    },
    {
        .id = "nbd.tls.psk.unknown-user-looks-the-same",
        .spec = authSpec,
        .says = "Whether a user has a key here is not told: an unknown one "
                "sees what a wrong key would make of a known one.",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "handshakes with a wrong key and with an unknown name, in "
                 "TLS 1.3 and 1.2",
        .wants = "the same end of both",
        .needs = psk,
        .run =
            [](Peer& peer) {
    return wantSame(peer, wrongKey(peer), stranger(peer));
},
    },
    {
        .id = "nbd.tls.psk.key-of-another",
        .spec = requiredSpec,
        .says = handshakeFails,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "a handshake with one user's name and the other's key",
        .wants = noNbd,
        .needs = psk,
        .run =
            [](Peer& peer) {
    TlsWish wish = peer.profile().keys->bob;
    wish.key = peer.profile().keys->alice.key;
    return wantRefused(peer, wish);
},
    },
    {
        .id = "nbd.tls.psk.key-of-zeroes",
        .spec = requiredSpec,
        .says = handshakeFails,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "a handshake with an unknown name and a key of zeroes",
        .wants = noNbd,
        .needs = psk,
        .run =
            [](Peer& peer) {
    TlsWish wish = stranger(peer);
    wish.key.assign(wish.key.size(), '\0');
    return wantRefused(peer, wish);
},
    },
    {
        .id = "nbd.tls.psk.odd-names",
        .spec = authSpec,
        .says = "A name of any length and of any bytes is a name like others, "
                "and one that is unknown.",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "handshakes with names of 1, 127 and 1000 bytes, with ':', a "
                 "newline, '../' and control bytes in them",
        .wants = noNbd,
        .needs = psk,
        .run =
            [](Peer& peer) {
    TlsWish wish = stranger(peer);
    for (const std::string& name :
         {std::string("a"), std::string(127, 'n'), std::string(1000, 'n'),
          std::string("alice:"), std::string("alice\nbob"),
          std::string("../alice"), std::string("\x01\x7f\xff"),
          std::string("alice\0", 6), std::string("#616c696365")})
    {
        Peer next = peer.another();
        next.start();
        wish.identity = name;
        next.wantNoTls(wish);
        adopt(peer, next);
        if (peer.stopped())
        {
            break;
        }
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.tls.psk.certificate-instead",
        .spec = requiredSpec,
        .says = handshakeFails,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "a handshake of a client that has no key but a certificate",
        .wants = noNbd,
        .needs = psk,
        .run =
            [](Peer& peer) {
    return wantRefused(peer, peer.profile().keys->client);
},
    },
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
        Peer next = peer.another();
        next.start();
        wantServed(next, peer.profile().keys->client.only(version));
        adopt(peer, next);
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
        Peer next = peer.another();
        next.start();
        next.wantNoTls(TlsWish{}.only(version));
        adopt(peer, next);
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
        .needs = verified,
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
        .needs = verified,
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

const Area tlsCredentialArea{"tls credentials", cases};

} // namespace conformance::nbd
