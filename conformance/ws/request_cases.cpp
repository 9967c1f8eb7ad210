// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "openings.hpp"

#include <fmt/format.h>

namespace conformance::ws
{

namespace
{

constexpr std::string_view spec = "RFC 6455, 4.2.1 (1)";
constexpr std::string_view getSays =
    "An HTTP/1.1 or higher GET request, including a \"Request-URI\" [RFC2616] "
    "that should be interpreted as a /resource name/";
constexpr std::string_view hostSpec = "RFC 9112, 3.2";

Verdict refusesMethod(Peer& peer, std::string_view method)
{
    Request request = peer.request();
    request.method = method;
    return refuses(peer, request);
}

/// Each byte that comes must not begin the time anew.
Verdict neverEnds(Peer& peer)
{
    constexpr std::chrono::seconds longest{75};
    const auto start = std::chrono::steady_clock::now();
    const auto passed = [start] {
        return std::chrono::duration_cast<std::chrono::seconds>(
            std::chrono::steady_clock::now() - start);
    };
    Request request = peer.request();
    request.fields.emplace_back("X-Long", "");
    std::string head = request.text();
    head.resize(head.size() - 4); // the end of the field, and of the head
    peer.connect();
    peer.sendHead(head, "a request without an end");
    while (!peer.stopped() && peer.ending().ended == Ended::no &&
           passed() < longest)
    {
        peer.sendHead("x", "a byte more");
        peer.leaveUnread(std::chrono::seconds(1));
        peer.pollEnd();
    }
    peer.want(peer.ending().ended != Ended::no,
              fmt::format("open still after {} s", longest.count()),
              "the end of the connection");
    return peer.stopped()
               ? peer.verdict()
               : noted(fmt::format("closed after {} s", passed().count()));
}

constexpr Case cases[] = {
    {
        .id = "ws.hs.ok",
        .spec = "RFC 6455, 4.2.2 (5)",
        .says = "If the server chooses to accept the incoming connection, it "
                "MUST reply with a valid HTTP response",
        .level = Level::must,
        .sends = "a request as in the RFC's example",
        .wants = "101 with Upgrade, Connection and the right "
                 "Sec-WebSocket-Accept",
        .run = [](Peer& peer) { return opens(peer, peer.request()); },
    },
    {
        .id = "ws.hs.bytewise",
        .spec = spec,
        .says = getSays,
        .level = Level::must,
        .sends = "the request one byte at a time",
        .wants = "101",
        .run =
            [](Peer& peer) {
    const Request request = peer.request();
    peer.connect();
    peer.expectKey(valuesOf(request.fields, "Sec-WebSocket-Key").front());
    const std::string text = request.text();
    peer.sendInPieces(std::as_bytes(std::span(text)), 1, "the request");
    peer.wantOpen();
    peer.closeWell();
    return peer.verdict();
},
    },
    {
        .id = "ws.hs.method-post",
        .spec = spec,
        .says = getSays,
        .level = Level::must,
        .sends = "POST",
        .wants = "an error status",
        .run = [](Peer& peer) { return refusesMethod(peer, "POST"); },
    },
    {
        .id = "ws.hs.method-put",
        .spec = spec,
        .says = getSays,
        .level = Level::must,
        .sends = "PUT",
        .wants = "an error status",
        .run = [](Peer& peer) { return refusesMethod(peer, "PUT"); },
    },
    {
        .id = "ws.hs.method-head",
        .spec = spec,
        .says = getSays,
        .level = Level::must,
        .sends = "HEAD",
        .wants = "any status but 101",
        .run =
            [](Peer& peer) {
    Request request = peer.request();
    request.method = "HEAD";
    peer.connect();
    peer.send(request);
    const auto response = peer.wantResponse(true);
    peer.want(!response || response->status != 101, "status 101");
    return peer.verdict();
},
    },
    {
        .id = "ws.hs.method-options",
        .spec = spec,
        .says = getSays,
        .level = Level::must,
        .sends = "OPTIONS",
        .wants = "any status but 101",
        .run =
            [](Peer& peer) {
    Request request = peer.request();
    request.method = "OPTIONS";
    peer.connect();
    peer.send(request);
    const auto response = peer.wantResponse(true);
    peer.want(!response || response->status != 101, "status 101");
    return peer.verdict();
},
    },
    {
        .id = "ws.hs.http10",
        .spec = spec,
        .says = getSays,
        .level = Level::must,
        .sends = "HTTP/1.0",
        .wants = "an error status",
        .run =
            [](Peer& peer) {
    Request request = peer.request();
    request.version = "HTTP/1.0";
    return refuses(peer, request);
},
    },
    {
        .id = "ws.hs.http09",
        .spec = "RFC 9112, 2.3",
        .says = "a request line without a version is HTTP/0.9, which a server "
                "of today does not speak",
        .level = Level::robustness,
        .sends = "GET / without a version, and an empty line",
        .wants = "an error status, or the end of the connection",
        .run =
            [](Peer& peer) {
    return endsAfter(peer, "GET /\r\n\r\n", "HTTP/0.9");
},
    },
    {
        .id = "ws.hs.http20-preface",
        .spec = "RFC 9113, 3.4",
        .says = "a client that knows of HTTP/2 begins with these bytes, and a "
                "server of HTTP/1.1 must not wait for more of them",
        .level = Level::robustness,
        .sends = "the connection preface of HTTP/2",
        .wants = "an error status, or the end of the connection",
        .run =
            [](Peer& peer) {
    return endsAfter(peer, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                     "the preface of HTTP/2");
},
    },
    {
        .id = "ws.hs.slowloris-header",
        .spec = "RFC 6455, 10.4",
        .says = "Who never ends his request must not keep a connection for "
                "ever: a thousand of them would keep all.",
        .level = Level::robustness,
        .sends = "a request that grows by a byte a second",
        .wants = "the end of the connection within 75 s",
        .slow = true,
        .run = neverEnds,
    },
    {
        .id = "ws.hs.no-host",
        .spec = "RFC 6455, 4.2.1 (2)",
        .says = "A |Host| header field containing the server's authority",
        .level = Level::must,
        .sends = "a request without Host",
        .wants = "status 400",
        .run =
            [](Peer& peer) {
    return refuses(peer, peer.request().drop("Host"), {400});
},
    },
    {
        .id = "ws.hs.dup-host",
        .spec = hostSpec,
        .says = "A server MUST respond with a 400 (Bad Request) status code to "
                "any HTTP/1.1 request message that lacks a Host header field "
                "and to any request message that contains more than one Host "
                "header field line or a Host header field with an invalid "
                "field value",
        .level = Level::must,
        .sends = "two Host fields",
        .wants = "status 400",
        .run =
            [](Peer& peer) {
    return refuses(peer, peer.request().add("Host", "another.example"), {400});
},
    },
    {
        .id = "ws.hs.host-mismatch",
        .spec = hostSpec,
        .says = "a server may serve any name, or only its own",
        .level = Level::may,
        .sends = "Host: another.example",
        .wants = "any status",
        .run =
            [](Peer& peer) {
    return tells(peer, peer.request().set("Host", "another.example"),
                 "another Host");
},
    },
};

} // namespace

std::span<const Case> requestCases()
{
    return cases;
}

} // namespace conformance::ws
