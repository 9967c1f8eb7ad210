// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "openings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::ws
{

namespace
{

constexpr std::string_view protocol = "Sec-WebSocket-Protocol";
constexpr std::string_view extensions = "Sec-WebSocket-Extensions";
constexpr std::string_view protocolSpec = "RFC 6455, 4.2.2 (4)";
constexpr std::string_view protocolSays =
    "The value chosen MUST be derived from the client's handshake, "
    "specifically by selecting one of the values from the "
    "|Sec-WebSocket-Protocol| field that the server is willing to use for "
    "this connection (if any)";
constexpr std::string_view extensionSpec = "RFC 6455, 9.1";

/// What the target chose of an offer; none if it refused it all, which it may.
std::optional<std::vector<std::string>>
    chosen(Peer& peer, const Request& request, std::string_view field)
{
    peer.connect();
    peer.send(request);
    const auto response = peer.wantResponse(true);
    if (!response || response->status != 101)
    {
        return std::nullopt;
    }
    return valuesOf(response->fields, field);
}

/// At most one field, with one of @p offered.
Verdict choosesOne(Peer& peer, const Request& request,
                   std::initializer_list<std::string_view> offered)
{
    const auto values = chosen(peer, request, protocol);
    if (!values || values->empty())
    {
        return peer.verdict();
    }
    peer.want(values->size() == 1,
              fmt::format("{} fields {}", values->size(), protocol),
              "one at most");
    peer.want(std::ranges::find(offered, values->front()) != offered.end(),
              fmt::format("{}: {}", protocol, values->front()),
              fmt::format("none, or {}", fmt::join(offered, " or ")));
    return peer.verdict();
}

Verdict answersNone(Peer& peer, const Request& request, std::string_view field)
{
    const auto values = chosen(peer, request, field);
    peer.want(!values || values->empty(),
              values && !values->empty()
                  ? fmt::format("{}: {}", field, values->front())
                  : std::string(),
              fmt::format("no {}", field));
    return peer.verdict();
}

constexpr Case cases[] = {
    {
        .id = "ws.sub.none",
        .spec = protocolSpec,
        .says = "it MUST NOT send back a |Sec-WebSocket-Protocol| header field "
                "in its response",
        .level = Level::must,
        .sends = "no Sec-WebSocket-Protocol",
        .wants = "none in the response",
        .run =
            [](Peer& peer) {
    return answersNone(peer, peer.request().drop(protocol), protocol);
},
    },
    {
        .id = "ws.sub.one",
        .spec = protocolSpec,
        .says = protocolSays,
        .level = Level::must,
        .sends = "Sec-WebSocket-Protocol: binary",
        .wants = "none, or binary",
        .run =
            [](Peer& peer) {
    return choosesOne(peer, peer.request().set(protocol, "binary"), {"binary"});
},
    },
    {
        .id = "ws.sub.list",
        .spec = protocolSpec,
        .says = protocolSays,
        .level = Level::must,
        .sends = "Sec-WebSocket-Protocol: a, b",
        .wants = "none, or one of the two",
        .run =
            [](Peer& peer) {
    return choosesOne(peer, peer.request().set(protocol, "a, b"), {"a", "b"});
},
    },
    {
        .id = "ws.sub.split-headers",
        .spec = "RFC 6455, 11.3.4",
        .says = "However, the |Sec-WebSocket-Protocol| header field MUST NOT "
                "appear more than once in an HTTP response",
        .level = Level::must,
        .sends = "two Sec-WebSocket-Protocol fields: a and b",
        .wants = "none, or one field with one of the two",
        .run =
            [](Peer& peer) {
    return choosesOne(
        peer, peer.request().set(protocol, "a").add(std::string(protocol), "b"),
        {"a", "b"});
},
    },
    {
        .id = "ws.sub.token-secret",
        .spec = "RFC 6455, 1.9",
        .says = "pages put a token where the subprotocol stands: what comes "
                "back of it goes through logs and proxies",
        .level = Level::may,
        .sends = "a random token as the subprotocol",
        .wants = "none, or the token",
        .run =
            [](Peer& peer) {
    const std::string token = fmt::format("{:016x}", peer.random()());
    const auto values = chosen(peer, peer.request().set(protocol, token),
                               protocol);
    return values && !values->empty() ? noted("it comes back")
           : values                   ? noted("it does not come back")
                                      : noted("the request is refused");
},
    },
    {
        .id = "ws.ext.unknown",
        .spec = "RFC 6455, 4.2.2 (4)",
        .says = "Extensions not listed by the client MUST NOT be listed",
        .level = Level::must,
        .sends = "Sec-WebSocket-Extensions: x-foo; a=1",
        .wants = "none in the response",
        .run =
            [](Peer& peer) {
    return answersNone(peer, peer.request().set(extensions, "x-foo; a=1"),
                       extensions);
},
    },
    {
        .id = "ws.ext.malformed",
        .spec = extensionSpec,
        .says = "the recipient of such malformed data MUST immediately _Fail "
                "the WebSocket Connection_",
        .level = Level::must,
        .sends = "Sec-WebSocket-Extensions: permessage-deflate; =;;",
        .wants = "an error status, or at least no extension",
        .run =
            [](Peer& peer) {
    const auto values =
        chosen(peer, peer.request().set(extensions, "permessage-deflate; =;;"),
               extensions);
    peer.want(!values || values->empty(), "the extension is agreed to",
              "an error status");
    if (values && !peer.stopped())
    {
        peer.conclude({.outcome = Outcome::warn,
                       .got = "status 101, without the extension",
                       .wanted = "an error status"});
    }
    return peer.verdict();
},
    },
    {
        .id = "ws.ext.not-offered",
        .spec = extensionSpec,
        .says = "Extensions not listed by the client MUST NOT be listed",
        .level = Level::must,
        .sends = "no Sec-WebSocket-Extensions",
        .wants = "none in the response",
        .run =
            [](Peer& peer) {
    return answersNone(peer, peer.request().drop(extensions), extensions);
},
    },
};

} // namespace

std::span<const Case> offerCases()
{
    return cases;
}

} // namespace conformance::ws
