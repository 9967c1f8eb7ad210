// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "openings.hpp"

#include <fmt/format.h>

namespace conformance::ws
{

namespace
{

constexpr std::string_view spec = "RFC 6455, 4.2.2 (4)";

Request aimedAt(Peer& peer, std::string target)
{
    Request request = peer.request();
    request.target = std::move(target);
    return request;
}

/// The target without its query.
std::string pathOf(const Peer& peer)
{
    const std::string& target = peer.profile().endpoint.target;
    return target.substr(0, target.find('?'));
}

/// Refused, or the resource that was meant: never another one. What another
/// one is we know where there are two slots.
Verdict neverAnother(Peer& peer, std::string target)
{
    // Opens, if at all, what a holder of our own path keeps from others.
    Peer holder = peer.another();
    holder.open();
    if (holder.stopped())
    {
        return holder.verdict();
    }
    peer.mayBeBusy();
    peer.connect();
    peer.send(aimedAt(peer, std::move(target)));
    const auto response = peer.wantResponse(true);
    peer.want(!response || response->status != 101,
              "it opens, although the slot that it names is in use",
              "an error status");
    holder.closeWell();
    return peer.verdict();
}

constexpr Case cases[] = {
    {
        .id = "ws.hs.path-404",
        .spec = spec,
        .says = "If the requested service is not available, the server MUST "
                "send an appropriate HTTP error code (such as 404 Not Found) "
                "and abort the WebSocket handshake",
        .level = Level::must,
        .sends = "a path that nobody made",
        .wants = "status 404",
        .run =
            [](Peer& peer) {
    constexpr std::string_view unheard = "/vmedia-conform/no-such-path";
    peer.connect();
    peer.send(aimedAt(peer, std::string(unheard)));
    const auto response = peer.wantResponse(true);
    if (response && response->status == 101)
    {
        return leaveOut(peer, "any path opens it");
    }
    peer.want(!response || response->status >= 400,
              fmt::format("status {}", response ? response->status : 0),
              "status 404");
    return peer.verdict();
},
    },
    {
        .id = "ws.hs.path-slash",
        .spec = spec,
        .says = "a slash at the end of a path is a slip that services differ "
                "in, and one that it costs hours to find",
        .level = Level::may,
        .sends = "the path with a slash at its end, or without the one it has",
        .wants = "any status",
        .run =
            [](Peer& peer) {
    std::string path = pathOf(peer);
    if (path == "/")
    {
        return leaveOut(peer, "the path is /");
    }
    path.ends_with('/') ? path.pop_back() : path.push_back('/');
    return tells(peer, aimedAt(peer, path), path);
},
    },
    {
        .id = "ws.hs.absolute-uri",
        .spec = "RFC 9112, 3.2.2",
        .says =
            "a server MUST accept the absolute-form in requests even though "
            "most HTTP/1.1 clients will only send the absolute-form to a "
            "proxy",
        .level = Level::must,
        .sends = "the target as http://HOST/PATH",
        .wants = "101",
        .run =
            [](Peer& peer) {
    const Endpoint& endpoint = peer.profile().endpoint;
    return opens(peer,
                 aimedAt(peer, fmt::format("{}://{}{}",
                                           endpoint.secure ? "https" : "http",
                                           endpoint.host, endpoint.target)));
},
    },
    {
        .id = "ws.hs.query-string",
        .spec = "RFC 6455, 3",
        .says = "resource-name = path, and the query with it",
        .level = Level::may,
        .sends = "a query behind the path",
        .wants = "any status",
        .run =
            [](Peer& peer) {
    return tells(peer, aimedAt(peer, pathOf(peer) + "?vmedia=conform"),
                 "a query");
},
    },
    {
        .id = "ws.hs.fragment",
        .spec = "RFC 6455, 3",
        .says = "Fragment identifiers are meaningless in the context of "
                "WebSocket URIs and MUST NOT be used on these URIs",
        .level = Level::robustness,
        .sends = "a fragment behind the path, while the slot is in use",
        .wants = "an error status: never another resource",
        .needs = Needs::oneClient,
        .run =
            [](Peer& peer) {
    return neverAnother(peer, pathOf(peer) + "#fragment");
},
    },
    {
        .id = "ws.hs.dotdot",
        .spec = "RFC 3986, 5.2.4",
        .says = "a path with /../ in it must not lead past what guards the "
                "path that it ends at",
        .level = Level::robustness,
        .sends = "the path with /../ in it, while the slot is in use",
        .wants = "an error status: never another resource",
        .needs = Needs::oneClient,
        .run =
            [](Peer& peer) {
    return neverAnother(peer, "/x/.." + pathOf(peer));
},
    },
    {
        .id = "ws.hs.pct-encoded-slash",
        .spec = "RFC 3986, 2.2",
        .says = "a path written with %2e and %2f must not lead past what "
                "guards the path that it stands for",
        .level = Level::robustness,
        .sends = "the path behind /%2e%2e%2f, while the slot is in use",
        .wants = "an error status: never another resource",
        .needs = Needs::oneClient,
        .run =
            [](Peer& peer) {
    return neverAnother(peer, "/x/%2e%2e%2f" + pathOf(peer).substr(1));
},
    },
};

} // namespace

std::span<const Case> targetCases()
{
    return cases;
}

} // namespace conformance::ws
