// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "openings.hpp"

#include <fmt/format.h>

namespace conformance::ws
{

namespace
{

constexpr std::string_view spec = "RFC 6455, 4.4";
constexpr std::string_view says =
    "If the server doesn't support the requested version, it MUST respond "
    "with a |Sec-WebSocket-Version| header field (or multiple "
    "|Sec-WebSocket-Version| header fields) containing all versions it is "
    "willing to use";

/// Of the drafts from the tenth on, whose frames are those of 13; the registry
/// of IANA has it.
constexpr std::string_view drafts = "8";

Verdict refusesVersion(Peer& peer, std::string_view version)
{
    peer.connect();
    peer.send(
        peer.request().set("Sec-WebSocket-Version", std::string(version)));
    const auto response = peer.wantResponse();
    if (!response)
    {
        return peer.verdict();
    }
    // "If the server supports the requested version and the handshake message
    // is otherwise valid, the server will accept that version."
    if (version == drafts && response->status == 101)
    {
        return noted("status 101: it speaks version 8, too");
    }
    peer.want(response->status >= 400,
              fmt::format("status {}", response->status), "an error status");
    peer.want(hasToken(response->fields, "Sec-WebSocket-Version", "13"),
              fmt::format(
                  "status {} with Sec-WebSocket-Version: {}", response->status,
                  response->value("Sec-WebSocket-Version").value_or("(none)")),
              "Sec-WebSocket-Version with 13 in it");
    return peer.verdict();
}

constexpr Case cases[] = {
    {
        .id = "ws.hs.no-version",
        .spec = "RFC 6455, 4.2.1 (6)",
        .says = "A |Sec-WebSocket-Version| header field, with a value of 13",
        .level = Level::must,
        .sends = "a request without Sec-WebSocket-Version",
        .wants = "status 400 or 426",
        .run =
            [](Peer& peer) {
    return refuses(peer, peer.request().drop("Sec-WebSocket-Version"),
                   {400, 426});
},
    },
    {
        .id = "ws.hs.version-12",
        .spec = spec,
        .says = says,
        .level = Level::must,
        .sends = "Sec-WebSocket-Version: 12",
        .wants = "an error status with Sec-WebSocket-Version: 13",
        .run = [](Peer& peer) { return refusesVersion(peer, "12"); },
    },
    {
        .id = "ws.hs.version-8",
        .spec = spec,
        .says = says,
        .level = Level::must,
        .sends = "Sec-WebSocket-Version: 8, of the drafts",
        .wants = "an error status with Sec-WebSocket-Version: 13; or 101, of a "
                 "server that speaks 8",
        .run = [](Peer& peer) { return refusesVersion(peer, drafts); },
    },
    {
        .id = "ws.hs.version-0",
        .spec = spec,
        .says = says,
        .level = Level::must,
        .sends = "Sec-WebSocket-Version: 0",
        .wants = "an error status with Sec-WebSocket-Version: 13",
        .run = [](Peer& peer) { return refusesVersion(peer, "0"); },
    },
    {
        .id = "ws.hs.version-255",
        .spec = spec,
        .says = says,
        .level = Level::must,
        .sends = "Sec-WebSocket-Version: 255",
        .wants = "an error status with Sec-WebSocket-Version: 13",
        .run = [](Peer& peer) { return refusesVersion(peer, "255"); },
    },
    {
        .id = "ws.hs.version-abc",
        .spec = spec,
        .says = says,
        .level = Level::must,
        .sends = "Sec-WebSocket-Version: abc",
        .wants = "an error status with Sec-WebSocket-Version: 13",
        .run = [](Peer& peer) { return refusesVersion(peer, "abc"); },
    },
    {
        .id = "ws.hs.version-426",
        .spec = "RFC 6455, 4.2.2 (4)",
        .says = "send an appropriate HTTP error code (such as 426 Upgrade "
                "Required)",
        .level = Level::should,
        .sends = "Sec-WebSocket-Version: 12",
        .wants = "status 426",
        .run =
            [](Peer& peer) {
    return refuses(peer, peer.request().set("Sec-WebSocket-Version", "12"),
                   {426});
},
    },
    {
        .id = "ws.hs.version-retry",
        .spec = spec,
        .says = "if the client supports one of the advertised versions, it can "
                "repeat the WebSocket handshake using a new version value",
        .level = Level::must,
        .sends = "Sec-WebSocket-Version: 12, then 13 on a new connection",
        .wants = "101 for the second",
        .run =
            [](Peer& peer) {
    peer.connect();
    peer.send(peer.request().set("Sec-WebSocket-Version", "12"));
    peer.wantResponse(true);
    return opens(peer, peer.request());
},
    },
    {
        .id = "ws.hs.version-list",
        .spec = "RFC 6455, 4.2.1 (6)",
        .says = "A |Sec-WebSocket-Version| header field, with a value of 13",
        .level = Level::must,
        .sends = "Sec-WebSocket-Version: 8, 13",
        .wants = "an error status",
        .run =
            [](Peer& peer) {
    return refuses(peer, peer.request().set("Sec-WebSocket-Version", "8, 13"));
},
    },
    {
        .id = "ws.hs.version-dup",
        .spec = "RFC 6455, 11.3.5",
        .says = "The |Sec-WebSocket-Version| header field MUST NOT appear more "
                "than once in an HTTP request",
        .level = Level::must,
        .sends = "Sec-WebSocket-Version twice: 13 and 12",
        .wants = "an error status",
        .run =
            [](Peer& peer) {
    return refuses(peer, peer.request().add("Sec-WebSocket-Version", "12"));
},
    },
};

} // namespace

std::span<const Case> versionCases()
{
    return cases;
}

} // namespace conformance::ws
