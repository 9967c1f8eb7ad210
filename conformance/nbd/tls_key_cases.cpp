// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/tls_steps.hpp"

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr Needs psk = Needs::tlsRequired | Needs::psk;

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
            onAnother(peer, [&](Peer& next) {
                seen[i] = next.wantNoTls(wishes[i]->only(version));
            });
        }
        peer.want(seen[0] == seen[1], seen[0] + " and " + seen[1],
                  "the same in both cases");
    }
    return peer.verdict();
}

constexpr Case cases[] = {
    {
        .id = "nbd.tls.psk.right-key",
        .spec = requiredSpec,
        .says = "After an `NBD_REP_ACK` reply has been sent, the server MUST "
                "be prepared for a TLS handshake",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "handshakes of TLS 1.3 and 1.2 by each user whose key is "
                 "known",
        .wants = "TLS, and the export in it",
        .needs = psk,
        .run =
            [](Peer& peer) {
    const Keys& keys = *peer.profile().keys;
    const bool both = covers(peer.profile().offers, Needs::ownKeys);
    for (const TlsWish* user : {&keys.alice, both ? &keys.bob : &keys.alice})
    {
        for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION})
        {
            onAnother(peer, [&](Peer& next) {
                wantServed(next, user->only(version));
            });
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
        .needs = psk | Needs::ownKeys,
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
        wish.identity = name;
        onAnother(peer, [&](Peer& next) { next.wantNoTls(wish); });
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
};

} // namespace

const Area tlsKeyArea{"tls credentials", cases};

} // namespace conformance::nbd
