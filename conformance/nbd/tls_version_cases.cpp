// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/tls_steps.hpp"

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view versionSpec =
    "proto.md, TLS support, Security considerations, TLS versions";

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
        onAnother(peer,
                  [&](Peer& next) { next.wantNoTls(wish.only(version)); });
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
};

} // namespace

const Area tlsVersionArea{"tls credentials", cases};

} // namespace conformance::nbd
