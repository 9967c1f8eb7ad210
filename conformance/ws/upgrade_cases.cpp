// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "openings.hpp"

namespace conformance::ws
{

namespace
{

constexpr std::string_view spec = "RFC 6455, 4.2.1";
constexpr std::string_view notMatching =
    "the server MUST stop processing the client's handshake and return an HTTP "
    "response with an appropriate error code";
constexpr std::string_view upgradeSays =
    "An |Upgrade| header field containing the value \"websocket\", treated as "
    "an ASCII case-insensitive value";
constexpr std::string_view connectionSays =
    "A |Connection| header field that includes the token \"Upgrade\", treated "
    "as an ASCII case-insensitive value";

constexpr Case cases[] = {
    {
        .id = "ws.hs.no-upgrade",
        .spec = spec,
        .says = notMatching,
        .level = Level::must,
        .sends = "a request without Upgrade",
        .wants = "an error status: 400, 404 or 426",
        .run =
            [](Peer& peer) {
    return refuses(peer, peer.request().drop("Upgrade"), {400, 404, 426});
},
    },
    {
        .id = "ws.hs.upgrade-case",
        .spec = spec,
        .says = upgradeSays,
        .level = Level::must,
        .sends = "Upgrade: WeBsOcKeT",
        .wants = "101",
        .run =
            [](Peer& peer) {
    return opens(peer, peer.request().set("Upgrade", "WeBsOcKeT"));
},
    },
    {
        .id = "ws.hs.upgrade-list",
        .spec = spec,
        .says = upgradeSays,
        .level = Level::should,
        .sends = "Upgrade: foo, websocket",
        .wants = "101",
        .run =
            [](Peer& peer) {
    return opens(peer, peer.request().set("Upgrade", "foo, websocket"));
},
    },
    {
        .id = "ws.hs.upgrade-wrong",
        .spec = spec,
        .says = notMatching,
        .level = Level::must,
        .sends = "Upgrade: foo",
        .wants = "an error status",
        .run =
            [](Peer& peer) {
    return refuses(peer, peer.request().set("Upgrade", "foo"));
},
    },
    {
        .id = "ws.hs.no-connection",
        .spec = spec,
        .says = notMatching,
        .level = Level::must,
        .sends = "a request without Connection",
        .wants = "an error status",
        .run =
            [](Peer& peer) {
    return refuses(peer, peer.request().drop("Connection"));
},
    },
    {
        .id = "ws.hs.connection-list",
        .spec = spec,
        .says = connectionSays,
        .level = Level::must,
        .sends = "Connection: keep-alive, Upgrade, as Firefox does",
        .wants = "101",
        .run =
            [](Peer& peer) {
    return opens(peer, peer.request().set("Connection", "keep-alive, Upgrade"));
},
    },
    {
        .id = "ws.hs.connection-close",
        .spec = spec,
        .says = notMatching,
        .level = Level::must,
        .sends = "Connection: close",
        .wants = "an error status",
        .run =
            [](Peer& peer) {
    return refuses(peer, peer.request().set("Connection", "close"));
},
    },
    {
        .id = "ws.hs.connection-split",
        .spec = spec,
        .says = connectionSays,
        .level = Level::must,
        .sends = "two Connection fields: keep-alive, then Upgrade",
        .wants = "101",
        .run =
            [](Peer& peer) {
    return opens(peer, peer.request()
                           .set("Connection", "keep-alive")
                           .add("Connection", "Upgrade"));
},
    },
};

} // namespace

std::span<const Case> upgradeCases()
{
    return cases;
}

} // namespace conformance::ws
