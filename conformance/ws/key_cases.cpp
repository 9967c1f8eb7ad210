// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "openings.hpp"

#include <fmt/format.h>

namespace conformance::ws
{

namespace
{

constexpr std::string_view spec = "RFC 6455, 4.2.1 (5)";
constexpr std::string_view says =
    "A |Sec-WebSocket-Key| header field with a base64-encoded (see Section 4 "
    "of [RFC4648]) value that, when decoded, is 16 bytes in length";
constexpr std::string_view acceptSays =
    "The value of this header field is constructed by concatenating /key/, "
    "defined above in step 4 in Section 4.2.2, with the string "
    "\"258EAFA5-E914-47DA-95CA-C5AB0DC85B11\", taking the SHA-1 hash";

Verdict refusesKey(Peer& peer, std::string_view key)
{
    return refuses(
        peer, peer.request().set("Sec-WebSocket-Key", std::string(key)), {400});
}

constexpr Case cases[] = {
    {
        .id = "ws.hs.accept-rfc-vector",
        .spec = "RFC 6455, 1.3",
        .says = acceptSays,
        .level = Level::must,
        .sends = "the key dGhlIHNhbXBsZSBub25jZQ==",
        .wants = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        .run =
            [](Peer& peer) {
    return opens(peer, peer.request().set("Sec-WebSocket-Key",
                                          "dGhlIHNhbXBsZSBub25jZQ=="));
},
    },
    {
        .id = "ws.hs.accept-key-as-string",
        .spec = "RFC 6455, 4.2.2 (5.4)",
        .says = "It is not necessary for the server to base64-decode the "
                "|Sec-WebSocket-Key| value",
        .level = Level::must,
        .sends = "a key whose unused last bits are not zero",
        .wants = "the accept value of the key as it was sent, or an error "
                 "status",
        .run =
            [](Peer& peer) {
    peer.connect();
    // 'R' instead of 'Q': the same 16 bytes, and four bits that say nothing
    peer.send(
        peer.request().set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZR=="));
    const auto response = peer.wantResponse();
    if (response && response->status == 101)
    {
        const auto accept = response->value("Sec-WebSocket-Accept");
        peer.want(
            accept == acceptOf("dGhlIHNhbXBsZSBub25jZR=="),
            fmt::format("Sec-WebSocket-Accept: {}", accept.value_or("(none)")));
    }
    return peer.verdict();
},
    },
    {
        .id = "ws.hs.no-key",
        .spec = spec,
        .says = says,
        .level = Level::must,
        .sends = "a request without Sec-WebSocket-Key",
        .wants = "status 400",
        .run =
            [](Peer& peer) {
    return refuses(peer, peer.request().drop("Sec-WebSocket-Key"), {400});
},
    },
    {
        .id = "ws.hs.key-empty",
        .spec = spec,
        .says = says,
        .level = Level::must,
        .sends = "an empty Sec-WebSocket-Key",
        .wants = "status 400",
        .run = [](Peer& peer) { return refusesKey(peer, ""); },
    },
    {
        .id = "ws.hs.key-len-15",
        .spec = spec,
        .says = says,
        .level = Level::must,
        .sends = "a Sec-WebSocket-Key of 15 bytes",
        .wants = "status 400",
        .run =
            [](Peer& peer) {
    return refusesKey(peer, base64("fifteen bytes.."));
},
    },
    {
        .id = "ws.hs.key-len-17",
        .spec = spec,
        .says = says,
        .level = Level::must,
        .sends = "a Sec-WebSocket-Key of 17 bytes",
        .wants = "status 400",
        .run =
            [](Peer& peer) {
    return refusesKey(peer, base64("seventeen bytes.."));
},
    },
    {
        .id = "ws.hs.key-not-base64",
        .spec = spec,
        .says = says,
        .level = Level::must,
        .sends = "a Sec-WebSocket-Key of 24 characters that are not all of "
                 "base64",
        .wants = "status 400",
        .run =
            [](Peer& peer) {
    return refusesKey(peer, "!!!!!!!!!!!!!!!!!!!!!!==");
},
    },
    {
        .id = "ws.hs.key-dup",
        .spec = "RFC 6455, 11.3.1",
        .says = "The |Sec-WebSocket-Key| header field MUST NOT appear more "
                "than once in an HTTP request",
        .level = Level::must,
        .sends = "two Sec-WebSocket-Key fields",
        .wants = "status 400",
        .run =
            [](Peer& peer) {
    return refuses(
        peer, peer.request().add("Sec-WebSocket-Key", randomKey(peer.random())),
        {400});
},
    },
    {
        .id = "ws.hs.key-whitespace",
        .spec = "RFC 9112, 5.1",
        .says = "OWS occurring before the first non-whitespace octet of the "
                "field line value, or after the last non-whitespace octet of "
                "the field line value, is excluded by parsers",
        .level = Level::must,
        .sends = "blanks around the key",
        .wants = "the accept value of the key without them",
        .run =
            [](Peer& peer) {
    const std::string key = randomKey(peer.random());
    Request request = peer.request();
    request.set("Sec-WebSocket-Key", "  " + key + " \t");
    peer.connect();
    peer.send(request);
    peer.expectKey(key);
    peer.wantOpen();
    peer.closeWell();
    return peer.verdict();
},
    },
};

} // namespace

std::span<const Case> keyCases()
{
    return cases;
}

} // namespace conformance::ws
