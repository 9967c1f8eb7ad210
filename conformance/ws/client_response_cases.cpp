// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "client_steps.hpp"
#include "usage_watch.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::ws
{

namespace
{

constexpr std::string_view spec = "RFC 6455, 4.1";
constexpr std::string_view acceptSays =
    "If the response lacks a |Sec-WebSocket-Accept| header field or the "
    "|Sec-WebSocket-Accept| contains a value other than the base64-encoded "
    "SHA-1 of the concatenation of the |Sec-WebSocket-Key| (as a string, not "
    "base64-decoded) with the string \"258EAFA5-E914-47DA-95CA-C5AB0DC85B11\" "
    "but ignoring any leading and trailing whitespace, the client MUST _Fail "
    "the WebSocket Connection_.";
constexpr std::string_view upgradeSays =
    "If the response lacks an |Upgrade| header field or the |Upgrade| header "
    "field contains a value that is not an ASCII case-insensitive match for "
    "the value \"websocket\", the client MUST _Fail the WebSocket "
    "Connection_.";
constexpr std::string_view connectionSays =
    "If the response lacks a |Connection| header field or the |Connection| "
    "header field doesn't contain a token that is an ASCII case-insensitive "
    "match for the value \"Upgrade\", the client MUST _Fail the WebSocket "
    "Connection_.";
constexpr std::string_view statusSays =
    "If the status code received from the server is not 101, the client "
    "handles the response per HTTP [RFC2616] procedures.";
constexpr std::string_view extensionSays =
    "If the response includes a |Sec-WebSocket-Extensions| header field and "
    "this header field indicates the use of an extension that was not present "
    "in the client's handshake (the server has indicated an extension not "
    "requested by the client), the client MUST _Fail the WebSocket "
    "Connection_.";
constexpr std::string_view subprotocolSays =
    "If the response includes a |Sec-WebSocket-Protocol| header field and this "
    "header field indicates the use of a subprotocol that was not present in "
    "the client's handshake (the server has indicated a subprotocol not "
    "requested by the client), the client MUST _Fail the WebSocket "
    "Connection_.";
constexpr std::string_view givesUp =
    "the end of the connection, and not a word through it";
constexpr std::string_view opens = "an open WebSocket, and NBD through it";

constexpr std::string_view protocols = "Sec-WebSocket-Protocol";
constexpr std::string_view extensions = "Sec-WebSocket-Extensions";

constexpr Case spoiled(std::string_view id, std::string_view says,
                       std::string_view sends, Verdict (*run)(Peer&))
{
    return {.id = id,
            .spec = spec,
            .says = says,
            .level = Level::must,
            .sends = sends,
            .wants = givesUp,
            .run = run};
}

constexpr Case right(std::string_view id, std::string_view says,
                     std::string_view sends, Verdict (*run)(Peer&))
{
    return {.id = id,
            .spec = spec,
            .says = says,
            .level = Level::must,
            .sends = sends,
            .wants = opens,
            .run = run};
}

template <int status>
constexpr Case answered(std::string_view id, std::string_view sends)
{
    return {.id = id,
            .spec = spec,
            .says = statusSays,
            .level = Level::must,
            .sends = sends,
            .wants = givesUp,
            .run = [](Peer& peer) {
        return refusesResponse(peer, [](const Request&, Response& response) {
            response.status = status;
            response.reason = "As the case wants it";
        });
    }};
}

Verdict without(Peer& peer, std::string_view name)
{
    return refusesResponse(peer, [name](const Request&, Response& response) {
        dropField(response.fields, name);
    });
}

Verdict with(Peer& peer, std::string_view name, std::string value)
{
    return refusesResponse(peer, [&](const Request&, Response& response) {
        setField(response.fields, name, value);
    });
}

Verdict takesWith(Peer& peer, std::string_view name, std::string value)
{
    return takesResponse(peer, [&](const Request&, Response& response) {
        setField(response.fields, name, value);
    });
}

Verdict refusesOtherCaseOfAccept(Peer& peer)
{
    return refusesResponse(peer,
                           [](const Request& request, Response& response) {
        const auto keys = valuesOf(request.fields, "Sec-WebSocket-Key");
        std::string accept = acceptOf(keys.empty() ? "" : keys.front());
        for (char& c : accept)
        {
            c = static_cast<char>(c >= 'a' && c <= 'z'   ? c - 'a' + 'A'
                                  : c >= 'A' && c <= 'Z' ? c - 'A' + 'a'
                                                         : c);
        }
        setField(response.fields, "Sec-WebSocket-Accept", accept);
    });
}

Verdict takesSpacesAroundAccept(Peer& peer)
{
    return takesResponse(peer, [](const Request& request, Response& response) {
        const auto keys = valuesOf(request.fields, "Sec-WebSocket-Key");
        setField(response.fields, "Sec-WebSocket-Accept",
                 " \t" + acceptOf(keys.empty() ? "" : keys.front()) + "\t ");
    });
}

/// Of the client's own offer, where there is one.
Verdict withSubprotocols(Peer& peer, bool two)
{
    const auto request = peer.receiveRequest();
    if (!request)
    {
        return peer.verdict();
    }
    const auto offered = tokensOf(request->fields, protocols);
    if (two && offered.empty())
    {
        return leaveOut(peer, "it offers no subprotocol");
    }
    Response response = upgradeResponse(*request);
    setField(response.fields, protocols,
             two ? fmt::format("{}, {}", offered.front(), offered.back())
                 : "x-not-offered");
    peer.send(response, leadOf(peer).frames);
    peer.wantGivenUp();
    return peer.verdict();
}

/// Whether it goes on; what a browser or a library does is told.
Verdict withoutSubprotocol(Peer& peer)
{
    const auto request = peer.receiveRequest();
    if (!request || tokensOf(request->fields, protocols).empty())
    {
        return leaveOut(peer, "it offers no subprotocol");
    }
    Response response = upgradeResponse(*request);
    dropField(response.fields, protocols);
    peer.send(response);
    const bool goesOn = peer.fence();
    peer.want(goesOn || peer.ending().ended == Ended::closed,
              "nothing, and the connection stays open",
              "an open WebSocket, or the end of the connection");
    return peer.stopped() ? peer.verdict()
                          : noted(goesOn ? "it goes on without one"
                                         : "it gives up without one");
}

Verdict withDeflate(Peer& peer, std::string_view parameters)
{
    const auto request = peer.receiveRequest();
    if (!request ||
        !hasToken(request->fields, extensions, "permessage-deflate"))
    {
        return leaveOut(peer, "it does not offer permessage-deflate");
    }
    Response response = upgradeResponse(*request);
    setField(response.fields, extensions,
             fmt::format("permessage-deflate; {}", parameters));
    peer.send(response, leadOf(peer).frames);
    peer.wantGivenUp();
    return peer.verdict();
}

Verdict takesBytewise(Peer& peer)
{
    if (const auto request = peer.receiveRequest())
    {
        const std::string head = upgradeResponse(*request).text();
        peer.sendInPieces(std::as_bytes(std::span(head)), 1, "the response");
        wantSession(peer);
    }
    return peer.verdict();
}

/// Frames behind the response in the same segment are not lost.
Verdict takesFrameBehind(Peer& peer)
{
    if (const auto request = peer.receiveRequest())
    {
        const Lead lead = leadOf(peer);
        peer.send(upgradeResponse(*request), lead.frames);
        const auto pong = peer.nextOf(Opcode::pong);
        peer.want(pong && pong->payload == lead.nonce,
                  pong ? "another pong" : peer.endingInWords(),
                  "the pong to the ping behind the response");
        wantSession(peer);
    }
    return peer.verdict();
}

Verdict takesInterimResponse(Peer& peer)
{
    if (const auto request = peer.receiveRequest())
    {
        const std::string head =
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
            upgradeResponse(*request).text();
        peer.sendHead(head, "103 Early Hints, and then the response");
        wantSession(peer);
    }
    return peer.verdict();
}

/// What comes behind 101 are frames, whatever its fields tell of a body.
Verdict seesNoBody(Peer& peer)
{
    if (const auto request = peer.receiveRequest())
    {
        Response response = upgradeResponse(*request);
        setField(response.fields, "Content-Length", "5");
        const Lead lead = leadOf(peer);
        Bytes behind;
        vmedia::nbd::append(behind, std::string_view("hello"));
        vmedia::nbd::append(behind, ByteView(lead.frames));
        peer.send(response, behind);
        const auto pong = peer.nextOf(Opcode::pong);
        peer.want(!pong, "the ping behind the body was answered",
                  "no body: the end of the connection");
        peer.wantGone({1002, noClose});
    }
    return peer.verdict();
}

Verdict boundsHead(Peer& peer)
{
    constexpr size_t amount = 32U << 20;
    const auto request = peer.receiveRequest();
    UsageWatch usage(peer);
    if (!request)
    {
        return peer.verdict();
    }
    std::string head = upgradeResponse(*request).text();
    head.resize(head.size() - 2); // without its end
    const std::string line = "X-Fill: " + std::string(1000, 'x') + "\r\n";
    while (head.size() < amount)
    {
        head += line;
    }
    const bool all = peer.sendUntilStuck(std::as_bytes(std::span(head)),
                                         "32 MiB of fields, and no end");
    usage.wantMemoryBelow(16 * mebi);
    if (all && !peer.endsWithin(peer.patience()))
    {
        peer.warn("it took all of it, and waits for more",
                  "the end of the connection before that");
    }
    return peer.verdict();
}

Verdict redirected(Peer& peer, int status)
{
    const auto request = peer.receiveRequest();
    if (!request)
    {
        return peer.verdict();
    }
    const bool secure = peer.channel()->tls() != nullptr;
    Response response{.status = status, .reason = "Elsewhere"};
    response.fields = {
        {"Location", fmt::format("{}://{}{}/there", secure ? "https" : "http",
                                 peer.host(), peer.dialled())},
        {"Content-Length", "0"},
        {"Connection", "close"}};
    peer.send(response);
    peer.endSending();
    if (peer.comesAgain(peer.patience()))
    {
        const auto next = peer.wantRequest();
        peer.want(next && next->target == peer.dialled() + "/there",
                  next ? next->target : std::string(), "the place it was told");
        return peer.stopped() ? peer.verdict() : noted("it follows");
    }
    return peer.stopped() ? peer.verdict() : noted("it does not follow");
}

Verdict waitsForServer(Peer& peer)
{
    peer.receiveRequest();
    const auto began = std::chrono::steady_clock::now();
    const auto told = peer.endsWithin(2 * peer.patience());
    const std::chrono::duration<double> time =
        std::chrono::steady_clock::now() - began;
    return peer.stopped() ? peer.verdict()
           : told
               ? noted(fmt::format("it gives up after {:.0f} s", time.count()))
               : noted(fmt::format("it still waits after {:.0f} s",
                                   time.count()));
}

constexpr Case cases[] = {
    spoiled("ws.clt.response.accept-missing", acceptSays,
            "101 without Sec-WebSocket-Accept",
            [](Peer& peer) { return without(peer, "Sec-WebSocket-Accept"); }),
    spoiled("ws.clt.response.accept-wrong", acceptSays,
            "101 with the Sec-WebSocket-Accept of another key",
            [](Peer& peer) {
    return with(peer, "Sec-WebSocket-Accept",
                acceptOf("dGhlIHNhbXBsZSBub25jZQ=="));
}),
    spoiled("ws.clt.response.accept-other-case", acceptSays,
            "101 with Sec-WebSocket-Accept in letters of the other case",
            refusesOtherCaseOfAccept),
    right("ws.clt.response.accept-whitespace", acceptSays,
          "101 with blanks and tabs around Sec-WebSocket-Accept",
          takesSpacesAroundAccept),
    spoiled("ws.clt.response.upgrade-missing", upgradeSays,
            "101 without Upgrade",
            [](Peer& peer) { return without(peer, "Upgrade"); }),
    spoiled("ws.clt.response.upgrade-other", upgradeSays,
            "101 with Upgrade: h2c",
            [](Peer& peer) { return with(peer, "Upgrade", "h2c"); }),
    right("ws.clt.response.upgrade-case", upgradeSays,
          "101 with Upgrade: WebSocket",
          [](Peer& peer) { return takesWith(peer, "Upgrade", "WebSocket"); }),
    spoiled("ws.clt.response.connection-missing", connectionSays,
            "101 without Connection",
            [](Peer& peer) { return without(peer, "Connection"); }),
    spoiled("ws.clt.response.connection-other", connectionSays,
            "101 with Connection: close",
            [](Peer& peer) { return with(peer, "Connection", "close"); }),
    right("ws.clt.response.connection-case", connectionSays,
          "101 with Connection: keep-alive, upgrade",
          [](Peer& peer) {
    return takesWith(peer, "Connection", "keep-alive, upgrade");
}),
    answered<200>("ws.clt.response.status-200",
                  "status 200 with the fields of 101"),
    answered<204>("ws.clt.response.status-204",
                  "status 204 with the fields of 101"),
    answered<400>("ws.clt.response.status-400",
                  "status 400 with the fields of 101"),
    answered<401>("ws.clt.response.status-401",
                  "status 401 with the fields of 101"),
    answered<403>("ws.clt.response.status-403",
                  "status 403 with the fields of 101"),
    answered<404>("ws.clt.response.status-404",
                  "status 404 with the fields of 101"),
    answered<426>("ws.clt.response.status-426",
                  "status 426 with the fields of 101"),
    answered<500>("ws.clt.response.status-500",
                  "status 500 with the fields of 101"),
    answered<503>("ws.clt.response.status-503",
                  "status 503 with the fields of 101"),
    {
        .id = "ws.clt.response.redirect-301",
        .spec = spec,
        .says = statusSays,
        .level = Level::may,
        .sends = "status 301 with a Location",
        .wants = "told: whether it follows",
        .run = [](Peer& peer) { return redirected(peer, 301); },
    },
    {
        .id = "ws.clt.response.redirect-302",
        .spec = spec,
        .says = statusSays,
        .level = Level::may,
        .sends = "status 302 with a Location",
        .wants = "told: whether it follows",
        .run = [](Peer& peer) { return redirected(peer, 302); },
    },
    spoiled("ws.clt.response.subprotocol-not-offered", subprotocolSays,
            "101 with a subprotocol that it did not offer",
            [](Peer& peer) { return withSubprotocols(peer, false); }),
    spoiled("ws.clt.response.subprotocols-two", subprotocolSays,
            "101 with two subprotocols in one field",
            [](Peer& peer) { return withSubprotocols(peer, true); }),
    {
        .id = "ws.clt.response.subprotocol-missing",
        .spec = spec,
        .says = "The _Subprotocol In Use_ is defined to be the value of the "
                "|Sec-WebSocket-Protocol| header field in the server's "
                "handshake or the null value if that header field was not "
                "present in the server's handshake.",
        .level = Level::may,
        .sends = "101 without a subprotocol, where some were offered",
        .wants = "told: whether it goes on",
        .run = withoutSubprotocol,
    },
    spoiled("ws.clt.response.extension-not-offered", extensionSays,
            "101 with an extension that it did not offer",
            [](Peer& peer) { return with(peer, extensions, "x-not-offered"); }),
    {
        .id = "ws.clt.response.extension-malformed",
        .spec = "RFC 6455, 9.1",
        .says = "If a value is received by either the client or the server "
                "during negotiation that does not conform to the ABNF below, "
                "the recipient of such malformed data MUST immediately _Fail "
                "the WebSocket Connection_.",
        .level = Level::must,
        .sends = "101 with Sec-WebSocket-Extensions: ; =",
        .wants = givesUp,
        .run = [](Peer& peer) { return with(peer, extensions, "; ="); },
    },
    spoiled("ws.clt.response.deflate-parameters",
            "If the server's response does not conform to the requirements for "
            "the server's handshake as defined in this section and in Section "
            "4.2.2, the client MUST _Fail the WebSocket Connection_.",
            "101 with permessage-deflate; server_max_window_bits=99",
            [](Peer& peer) {
    return withDeflate(peer, "server_max_window_bits=99");
}),
    {
        .id = "ws.clt.response.body",
        .spec = "RFC 6455, 4.1",
        .says = "Behind 101 the connection belongs to the other protocol: a "
                "client that looks for a body loses frames.",
        .level = Level::robustness,
        .sends = "101 with Content-Length: 5, five letters and a ping",
        .wants = "the letters are taken for a frame, and end the connection",
        .run = seesNoBody,
    },
    right("ws.clt.response.bytewise",
          "it MUST open a connection, send an opening handshake, and read the "
          "server's handshake in response",
          "the response, one byte at a time", takesBytewise),
    {
        .id = "ws.clt.response.frame-behind",
        .spec = spec,
        .says = "If the server's response is validated as provided for above, "
                "it is said that _The WebSocket Connection is Established_ and "
                "that the WebSocket Connection is in the OPEN state.",
        .level = Level::must,
        .sends = "a ping behind the response, in the same segment",
        .wants = "its pong, and NBD as usual",
        .run = takesFrameBehind,
    },
    {
        .id = "ws.clt.response.interim",
        .spec = "RFC 9110, 15.2",
        .says = "A client MUST be able to parse one or more 1xx responses "
                "received prior to a final response, even if the client does "
                "not expect one.",
        .level = Level::must,
        .sends = "103 Early Hints, and then the response",
        .wants = opens,
        .run = takesInterimResponse,
    },
    {
        .id = "ws.clt.response.head-endless",
        .spec = "RFC 6455, 10.4",
        .says = "A head without an end must not fill the client's memory.",
        .level = Level::robustness,
        .sends = "a response with 32 MiB of fields, and no end",
        .wants = "the end of the connection before all of it is there",
        .run = boundsHead,
    },
    {
        .id = "ws.clt.response.silence",
        .spec = spec,
        .says = "Once the client's opening handshake has been sent, the client "
                "MUST wait for a response from the server before sending any "
                "further data.",
        .level = Level::may,
        .sends = "no response",
        .wants = "told: when it gives up",
        .run = waitsForServer,
    },
};

} // namespace

std::span<const Case> clientResponseCases()
{
    return cases;
}

} // namespace conformance::ws
