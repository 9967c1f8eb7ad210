// SPDX-License-Identifier: Apache-2.0
#include "access.hpp"
#include "all_cases.hpp"
#include "openings.hpp"

namespace conformance::ws
{

namespace
{

constexpr std::string_view authSpec = "RFC 6455, 10.5";
constexpr std::string_view originSpec = "RFC 6455, 10.2";

constexpr std::string_view right =
    "The WebSocket server can use any client authentication mechanism "
    "available to a generic HTTP server";

/// Where that is the scheme of what we were given.
Verdict opensBy(Peer& peer, std::string_view scheme)
{
    const Request request = peer.request();
    const auto given = valuesOf(request.fields, "Authorization");
    if (given.empty() || !given.front().starts_with(scheme))
    {
        return leaveOut(peer, "our credentials are of another kind");
    }
    return opens(peer, request);
}

Request anonymous(Peer& peer)
{
    return peer.request().drop("Authorization").drop("Cookie");
}

constexpr Case cases[] = {
    {
        .id = "ws.hs.auth-none",
        .spec = authSpec,
        .says = "who has no credentials gets no medium: that has to be said "
                "before 101, or what follows is heard",
        .level = Level::robustness,
        .sends = "a request without credentials",
        .wants = "status 401",
        .needs = Needs::credentials,
        .run = [](Peer& peer) { return refuses(peer, anonymous(peer), {401}); },
    },
    {
        .id = "ws.hs.auth-wrong",
        .spec = authSpec,
        .says = "nor does who has the wrong ones",
        .level = Level::robustness,
        .sends = "a wrong name and password, and a wrong token",
        .wants = "status 401",
        .needs = Needs::credentials,
        .run =
            [](Peer& peer) {
    for (const std::string& wrong :
         {basic("vmedia-conform", "wrong"), std::string("Bearer wrong"),
          std::string("Basic !"), std::string()})
    {
        if (Verdict seen = refuses(
                peer, anonymous(peer).set("Authorization", wrong), {401});
            seen.outcome != Outcome::pass)
        {
            return seen;
        }
    }
    return peer.verdict();
},
    },
    {
        .id = "ws.hs.auth-right",
        .spec = authSpec,
        .says = right,
        .level = Level::must,
        .sends = "the credentials that we were given",
        .wants = "101",
        .needs = Needs::credentials,
        .run = [](Peer& peer) { return opens(peer, peer.request()); },
    },
    {
        .id = "ws.hs.auth-basic",
        .spec = authSpec,
        .says = right,
        .level = Level::robustness,
        .sends = "the right name and password",
        .wants = "101",
        .needs = Needs::credentials,
        .run = [](Peer& peer) { return opensBy(peer, "Basic "); },
    },
    {
        .id = "ws.hs.auth-token",
        .spec = authSpec,
        .says = right,
        .level = Level::robustness,
        .sends = "the right token",
        .wants = "101",
        .needs = Needs::credentials,
        .run = [](Peer& peer) { return opensBy(peer, "Bearer "); },
    },
    {
        .id = "ws.hs.auth-mtls",
        .spec = authSpec,
        .says = right,
        .level = Level::robustness,
        .sends = "a certificate that the server trusts",
        .wants = "101",
        .needs = Needs::tls | Needs::clientCertificate,
        .run = [](Peer& peer) { return opens(peer, peer.request()); },
    },
    {
        .id = "ws.hs.origin-foreign",
        .spec = originSpec,
        .says = "If the origin indicated is unacceptable to the server, then "
                "it SHOULD respond to the WebSocket handshake with a reply "
                "containing HTTP 403 Forbidden status code",
        .level = Level::should,
        .sends = "an Origin that is another site, with our credentials",
        .wants = "status 403",
        .run =
            [](Peer& peer) {
    return refuses(peer, peer.request().set("Origin", "https://evil.example"),
                   {403});
},
    },
    {
        .id = "ws.hs.origin-null",
        .spec = "RFC 6455, 4.2.1 (7)",
        .says = "a page from a file, or in a sandbox, has the Origin null",
        .level = Level::may,
        .sends = "Origin: null",
        .wants = "any status",
        .run =
            [](Peer& peer) {
    return tells(peer, peer.request().set("Origin", "null"), "Origin null");
},
    },
    {
        .id = "ws.hs.origin-own",
        .spec = originSpec,
        .says = "Servers that are not intended to process input from any web "
                "page but only for certain sites SHOULD verify the |Origin| "
                "field is an origin they expect",
        .level = Level::should,
        .sends = "the Origin of a page of the target itself",
        .wants = "101",
        .run =
            [](Peer& peer) {
    const Endpoint& endpoint = peer.profile().endpoint;
    return opens(peer,
                 peer.request().set("Origin",
                                    (endpoint.secure ? "https://" : "http://") +
                                        endpoint.host));
},
    },
    {
        .id = "ws.hs.unknown-headers",
        .spec = "RFC 6455, 4.2.1 (10)",
        .says = "Unknown header fields are ignored, as per [RFC2616]",
        .level = Level::must,
        .sends = "X-Foo twice, and a field without a value",
        .wants = "101",
        .run =
            [](Peer& peer) {
    return opens(
        peer,
        peer.request().add("X-Foo", "1").add("X-Foo", "2").add("X-Empty", ""));
},
    },
};

} // namespace

std::span<const Case> accessCases()
{
    return cases;
}

} // namespace conformance::ws
