// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "conversation.hpp"
#include "framings.hpp"
#include "openings.hpp"

#include <fmt/format.h>

namespace conformance::ws
{

namespace
{

constexpr std::string_view smuggling =
    "what one parser takes for a field and another for the next request or "
    "frame is how requests are smuggled";

/// The request's head with @p line before its empty line.
std::string headWith(Peer& peer, std::string_view line)
{
    std::string text = peer.request().text();
    text.resize(text.size() - 2);
    return fmt::format("{}{}\r\n\r\n", text, line);
}

/// 101, an error status or the end; nothing of @p secret comes back.
Verdict reflectsNothing(Peer& peer, std::string_view head,
                        std::string_view secret)
{
    peer.connect();
    peer.sendHead(head, "a field with a line end in its value");
    const auto response = peer.wantResponse(true);
    if (response)
    {
        for (const auto& [name, value] : response->fields)
        {
            peer.want(name.find(secret) == std::string::npos &&
                          value.find(secret) == std::string::npos,
                      fmt::format("{}: {}", name, value),
                      "nothing of the field in the response");
        }
    }
    return peer.verdict();
}

/// However long: an answer in bounded time, and the target lives (the next
/// client is served in any case).
Verdict answersLong(Peer& peer, const Request& request,
                    std::initializer_list<int> statuses)
{
    peer.connect();
    peer.send(request);
    const auto response = peer.wantResponse(true);
    peer.want(!response || std::ranges::find(statuses, response->status) !=
                               statuses.end(),
              fmt::format("status {}", response ? response->status : 0),
              fmt::format("status {}, or the end of the connection",
                          fmt::join(statuses, ", ")));
    return peer.verdict();
}

/// A body that is a frame, to see whether it is taken for one: its PING would
/// be answered.
Verdict bodyIsNoFrame(Peer& peer, Request request, bool chunked)
{
    const Bytes ping = peer.framed(
        {.opcode = Opcode::ping, .payload = Bytes(8, std::byte{'b'})});
    std::string body;
    for (const std::byte byte : ping)
    {
        body += static_cast<char>(byte);
    }
    if (chunked)
    {
        request.add("Transfer-Encoding", "chunked");
        body = fmt::format("{:x}\r\n{}\r\n0\r\n\r\n", body.size(), body);
    }
    else
    {
        request.add("Content-Length", fmt::format("{}", body.size()));
    }
    peer.connect();
    peer.expectKey(valuesOf(request.fields, "Sec-WebSocket-Key").front());
    peer.sendHead(request.text() + body, "a request with a body");
    const auto response = peer.wantResponse(true);
    if (!response || response->status >= 400 || peer.stopped())
    {
        return peer.verdict();
    }
    // It opened: then the body is no frame, and what follows is.
    Bytes nonce(8, std::byte{'a'});
    peer.send(Opcode::ping, nonce);
    while (const auto frame = peer.nextFrame())
    {
        const bool isPong = frame->header.opcode == Opcode::pong;
        peer.want(!isPong || frame->payload == nonce,
                  "the body was taken for a frame",
                  "status 400, or a body that is not read as frames");
        if (isPong)
        {
            break;
        }
    }
    return peer.verdict();
}

constexpr Case cases[] = {
    {
        .id = "ws.hs.crlf-injection",
        .spec = "RFC 6455, 10.7",
        .says = "what a client sends must not become a field of the response",
        .level = Level::robustness,
        .sends = "a subprotocol with a CR, LF and a field behind it",
        .wants = "nothing of it in the response",
        .run =
            [](Peer& peer) {
    return reflectsNothing(
        peer, headWith(peer, "Sec-WebSocket-Protocol: a\r\n X-Vmedia-Evil: 1"),
        "Vmedia-Evil");
},
    },
    {
        .id = "ws.hs.bare-cr",
        .spec = "RFC 9112, 2.2",
        .says = "A sender MUST NOT generate a bare CR (a CR character not "
                "immediately followed by LF) within any protocol elements "
                "other than the content",
        .level = Level::robustness,
        .sends = "a CR in a value",
        .wants = "an error status, or the end of the connection",
        .run =
            [](Peer& peer) {
    return endsAfter(peer, headWith(peer, "X-Foo: a\rb"), "a CR in a value");
},
    },
    {
        .id = "ws.hs.obs-fold",
        .spec = "RFC 9112, 5.2",
        .says = "A server that receives an obs-fold in a request message that "
                "is not within a \"message/http\" container MUST either reject "
                "the message by sending a 400 (Bad Request), preferably with a "
                "representation explaining that obsolete line folding is "
                "unacceptable, or replace each received obs-fold with one or "
                "more SP octets",
        .level = Level::must,
        .sends = "a field whose value goes on in the next line",
        .wants = "101, or status 400",
        .run =
            [](Peer& peer) {
    peer.connect();
    peer.sendHead(headWith(peer, "X-Foo: a\r\n b"), "a folded field");
    const auto response = peer.wantResponse(true);
    peer.want(!response || response->status == 101 || response->status >= 400,
              fmt::format("status {}", response ? response->status : 0),
              "101, or status 400");
    return peer.verdict();
},
    },
    {
        .id = "ws.hs.nul-in-value",
        .spec = "RFC 9110, 5.5",
        .says = "Field values containing CR, LF, or NUL characters are invalid "
                "and dangerous",
        .level = Level::robustness,
        .sends = "a NUL in a value",
        .wants = "an error status, or the end of the connection",
        .run =
            [](Peer& peer) {
    using namespace std::string_view_literals;
    return endsAfter(peer, headWith(peer, "X-Foo: a\0b"sv), "a NUL in a value");
},
    },
    {
        .id = "ws.hs.space-before-colon",
        .spec = "RFC 9112, 5.1",
        .says = "A server MUST reject, with a response status code of 400 (Bad "
                "Request), any received request message that contains "
                "whitespace between a header field name and colon",
        .level = Level::must,
        .sends = "Upgrade : websocket",
        .wants = "status 400",
        .run =
            [](Peer& peer) {
    peer.connect();
    std::string text = peer.request().drop("Upgrade").text();
    text.resize(text.size() - 2);
    peer.sendHead(text + "Upgrade : websocket\r\n\r\n",
                  "a blank before a colon");
    peer.wantRefused({400});
    return peer.verdict();
},
    },
    {
        .id = "ws.hs.lf-only",
        .spec = "RFC 9112, 2.2",
        .says =
            "a recipient MAY recognize a single LF as a line terminator and "
            "ignore any preceding CR",
        .level = Level::may,
        .sends = "lines that end in LF alone",
        .wants = "any status, or the end of the connection",
        .run =
            [](Peer& peer) {
    std::string text = peer.request().text();
    std::erase(text, '\r');
    peer.connect();
    peer.sendHead(text, "lines that end in LF");
    // No status at all is an answer too: more may be waited for.
    const auto response = peer.wantResponse(true);
    return noted(response ? fmt::format("status {}", response->status)
                          : std::string("no status"));
},
    },
    {
        .id = "ws.hs.header-8k",
        .spec = "RFC 6585, 5",
        .says = "a browser sends some KiB of cookies",
        .level = Level::robustness,
        .sends = "a field of 8 KiB",
        .wants = "101, or status 400 or 431",
        .run =
            [](Peer& peer) {
    return answersLong(peer,
                       peer.request().add("X-Long", std::string(8192, 'x')),
                       {101, 400, 413, 431});
},
    },
    {
        .id = "ws.hs.header-64k",
        .spec = "RFC 6585, 5",
        .says = "a client must not make a server keep what it likes to send",
        .level = Level::robustness,
        .sends = "a field of 64 KiB",
        .wants = "status 400 or 431, or the end of the connection",
        .run =
            [](Peer& peer) {
    return answersLong(peer,
                       peer.request().add("X-Long", std::string(65536, 'x')),
                       {101, 400, 413, 431});
},
    },
    {
        .id = "ws.hs.header-1000-lines",
        .spec = "RFC 6585, 5",
        .says = "nor as many fields as it likes",
        .level = Level::robustness,
        .sends = "1000 fields",
        .wants = "101, status 400 or 431, or the end of the connection",
        .run =
            [](Peer& peer) {
    Request request = peer.request();
    for (int i = 0; i < 1000; ++i)
    {
        request.add(fmt::format("X-{}", i), "x");
    }
    return answersLong(peer, request, {101, 400, 413, 431});
},
    },
    {
        .id = "ws.hs.header-endless",
        .spec = "RFC 6455, 10.4",
        .says = "a head that does not end must not be kept without end",
        .level = Level::robustness,
        .sends = "up to 16 MiB of one field",
        .wants = "an error status, or the end of the connection",
        .run =
            [](Peer& peer) {
    std::string text = peer.request().text();
    text.resize(text.size() - 2);
    text += "X-Long: ";
    text.append(16U << 20, 'x');
    peer.connect();
    peer.sendUntilStuck(std::as_bytes(std::span(text)),
                        "a request with 16 MiB of one field");
    const auto response = peer.wantResponse(true);
    peer.want(!response || response->status >= 400,
              fmt::format("status {}", response ? response->status : 0),
              "an error status, or the end of the connection");
    return peer.verdict();
},
    },
    {
        .id = "ws.hs.body-cl5",
        .spec = "RFC 9112, 6",
        .says = smuggling,
        .level = Level::robustness,
        .sends = "Content-Length and a body that looks like a frame",
        .wants = "status 400, or a body that is not read as frames",
        .run =
            [](Peer& peer) {
    return bodyIsNoFrame(peer, peer.request(), false);
},
    },
    {
        .id = "ws.hs.chunked-body",
        .spec = "RFC 9112, 6.1",
        .says = smuggling,
        .level = Level::robustness,
        .sends = "Transfer-Encoding: chunked and a chunk that looks like a "
                 "frame",
        .wants = "status 400, or a body that is not read as frames",
        .run =
            [](Peer& peer) {
    return bodyIsNoFrame(peer, peer.request(), true);
},
    },
    {
        .id = "ws.hs.expect-100",
        .spec = "RFC 9110, 10.1.1",
        .says = "a request without content has nothing to expect 100 for",
        .level = Level::may,
        .sends = "Expect: 100-continue",
        .wants = "any status",
        .run =
            [](Peer& peer) {
    return tells(peer, peer.request().add("Expect", "100-continue"),
                 "Expect: 100-continue");
},
    },
    {
        .id = "ws.hs.pipelined-frame",
        .spec = "RFC 6455, 4.1",
        .says = "bytes behind the request that vanish leave both sides out of "
                "step",
        .level = Level::robustness,
        .sends = "a PING in the same segment as the request",
        .wants = "its PONG, or the end of the connection: not silence",
        .run =
            [](Peer& peer) {
    const Request request = peer.request();
    const Bytes nonce(8, std::byte{'p'});
    std::string text = request.text();
    for (const std::byte byte :
         peer.framed({.opcode = Opcode::ping, .payload = nonce}))
    {
        text += static_cast<char>(byte);
    }
    peer.connect();
    peer.expectKey(valuesOf(request.fields, "Sec-WebSocket-Key").front());
    peer.sendHead(text, "a request with a frame behind it");
    const auto response = peer.wantResponse(true);
    if (!response || response->status != 101)
    {
        return peer.verdict();
    }
    bool answered = false;
    peer.onPong([&answered, &nonce](const Bytes& payload) {
        answered = answered || payload == nonce;
    });
    const bool isOpen = peer.fence();
    if (isOpen && !answered && !peer.stopped())
    {
        peer.conclude({.outcome = Outcome::warn,
                       .got = "the frame was lost in silence",
                       .wanted = "its PONG, or the end of the connection"});
    }
    return peer.verdict();
},
    },
    {
        .id = "ws.hs.second-request-after-101",
        .spec = "RFC 6455, 5.1",
        .says = "The server MUST close the connection upon receiving a frame "
                "that is not masked",
        .level = Level::must,
        .sends = "another GET after the 101",
        .wants = "Close 1002, and the end of the connection",
        .run =
            [](Peer& peer) {
    openTalk(peer);
    const std::string text = peer.request().text();
    peer.wantFailed(std::as_bytes(std::span(text)), "another request");
    return peer.verdict();
},
    },
    {
        .id = "ws.hs.half-request-fin",
        .spec = "RFC 6455, 10.4",
        .says = "who leaves in the middle of a request leaves nothing behind",
        .level = Level::robustness,
        .sends = "a part of a request, then FIN",
        .wants = "an error status, or the end of the connection",
        .run =
            [](Peer& peer) {
    const std::string text = peer.request().text();
    peer.connect();
    peer.sendHead(text.substr(0, text.size() / 2), "half a request");
    peer.endSending();
    const auto response = peer.wantResponse(true);
    peer.want(!response || response->status >= 400,
              fmt::format("status {}", response ? response->status : 0),
              "an error status, or the end of the connection");
    return peer.verdict();
},
    },
};

} // namespace

std::span<const Case> headerCases()
{
    return cases;
}

} // namespace conformance::ws
