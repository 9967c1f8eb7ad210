// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "conversation.hpp"
#include "peer.hpp"

#include <fmt/format.h>

#include <boost/algorithm/string/predicate.hpp>

#include <algorithm>
#include <set>

namespace conformance::ws
{

namespace
{

using boost::algorithm::iequals;

constexpr std::string_view spec = "RFC 6455, 4.1";
constexpr std::string_view nothing = "nothing yet: it has to speak first";

/// A request that is as the URL wants it in one regard.
Verdict
    asks(Peer& peer,
         const std::function<void(Peer& peer, const Request& request)>& look)
{
    if (const auto request = peer.receiveRequest())
    {
        look(peer, *request);
        peer.send(upgradeResponse(*request));
    }
    return peer.verdict();
}

/// The only value of a field that stands there once; "" and a verdict if not.
std::string only(Peer& peer, const Request& request, std::string_view name)
{
    const auto values = valuesOf(request.fields, name);
    peer.want(values.size() == 1,
              fmt::format("{} fields {}", values.size(), name),
              fmt::format("one field {}", name));
    return values.size() == 1 ? values.front() : std::string();
}

bool isToken(std::string_view text)
{
    constexpr std::string_view separators = "()<>@,;:\\\"/[]?={} \t";
    return !text.empty() && std::ranges::all_of(text, [=](char c) {
        return c > 0x20 && c < 0x7F &&
               separators.find(c) == std::string_view::npos;
    });
}

/// What stands between the commas of all fields with that name.
std::vector<std::string> elementsOf(const Request& request,
                                    std::string_view name)
{
    std::vector<std::string> elements;
    for (const std::string& value : valuesOf(request.fields, name))
    {
        std::string element;
        bool quoted = false;
        const auto end = [&elements, &element] {
            const size_t first = element.find_first_not_of(" \t");
            const size_t last = element.find_last_not_of(" \t");
            elements.push_back(first == std::string::npos
                                   ? std::string()
                                   : element.substr(first, last - first + 1));
            element.clear();
        };
        for (const char c : value)
        {
            quoted = quoted != (c == '"');
            if (c == ',' && !quoted)
            {
                end();
            }
            else
            {
                element += c;
            }
        }
        end();
    }
    return elements;
}

void lookAtFirstLine(Peer& peer, const Request& request)
{
    peer.want(request.method == "GET" && request.version >= "HTTP/1.1",
              fmt::format("{} and {}", request.method, request.version),
              "GET and HTTP/1.1");
}

void lookAtHost(Peer& peer, const Request& request)
{
    const std::string host = only(peer, request, "Host");
    peer.want(iequals(host, peer.host()), "Host: " + host,
              "Host: " + peer.host());
}

void lookAtUpgrade(Peer& peer, const Request& request)
{
    const auto values = [&request](std::string_view name) {
        return fmt::format("{}: {}", name,
                           fmt::join(valuesOf(request.fields, name), ", "));
    };
    peer.want(hasToken(request.fields, "Upgrade", "websocket"),
              values("Upgrade"), "Upgrade: websocket");
    peer.want(hasToken(request.fields, "Connection", "Upgrade"),
              values("Connection"), "Connection: Upgrade");
}

void lookAtVersion(Peer& peer, const Request& request)
{
    const std::string version = only(peer, request, "Sec-WebSocket-Version");
    peer.want(version == "13", "Sec-WebSocket-Version: " + version,
              "Sec-WebSocket-Version: 13");
}

/// 22 characters, the last with 4 bits that are zero, and two for padding.
bool isSixteenBytes(std::string_view key)
{
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "abcdefghijklmnopqrstuvwxyz"
                                        "0123456789+/";
    return key.size() == 24 && key.ends_with("==") &&
           key.substr(0, 22).find_first_not_of(digits) ==
               std::string_view::npos;
}

void lookAtKey(Peer& peer, const Request& request)
{
    const std::string key = only(peer, request, "Sec-WebSocket-Key");
    peer.want(isSixteenBytes(key), "Sec-WebSocket-Key: " + key,
              "16 bytes in base64");
}

/// Keys of several connections that could not be told from random ones.
Verdict drawsKeys(Peer& peer)
{
    constexpr size_t count = 12;
    std::set<std::string> keys;
    std::set<std::string> halves;
    for (size_t i = 0; i < count && !peer.stopped(); ++i)
    {
        asks(peer, [&](Peer& with, const Request& request) {
            const std::string key = only(with, request, "Sec-WebSocket-Key");
            keys.insert(key);
            // Of 48 bits each: two are alike in one run of 10^12.
            halves.insert("begins " + key.substr(0, 8));
            halves.insert("goes on " + key.substr(8, 8));
        });
    }
    peer.want(keys.size() == count,
              fmt::format("{} keys in {} connections", keys.size(), count),
              "a key of its own for each");
    peer.want(halves.size() == 2 * count,
              "keys that have 6 bytes in common in the same place",
              "all of a key drawn at random");
    return peer.verdict();
}

void lookAtOrigin(Peer& peer, const Request& request)
{
    const std::string origin = only(peer, request, "Origin");
    // RFC 6454, 7.1: "null", or scheme, host and perhaps a port
    const size_t host = origin.find("://");
    const bool serialized =
        origin == "null" ||
        (host != std::string::npos && host + 3 < origin.size() &&
         origin.find_first_of("/?# ", host + 3) == std::string::npos);
    peer.want(serialized, "Origin: " + origin,
              "the ASCII serialization of an origin");
}

Verdict waitsForResponse(Peer& peer)
{
    peer.receiveRequest();
    if (peer.stopped())
    {
        return peer.verdict();
    }
    // What it has sent behind its request is here when all of it waits.
    const size_t early = peer.heardWithin(std::chrono::milliseconds(100));
    peer.want(early == 0, fmt::format("{} bytes before the response", early),
              "nothing before the response");
    return peer.verdict();
}

void lookAtSubprotocols(Peer& peer, const Request& request)
{
    constexpr std::string_view name = "Sec-WebSocket-Protocol";
    if (valuesOf(request.fields, name).empty())
    {
        return peer.conclude(notApplicable("it offers no subprotocol"));
    }
    std::set<std::string> seen;
    for (const std::string& element : elementsOf(request, name))
    {
        peer.want(isToken(element), fmt::format("the element '{}'", element),
                  "tokens of HTTP");
        peer.want(seen.insert(element).second,
                  fmt::format("'{}' twice", element), "unique elements");
    }
}

/// token *( ";" token [ "=" ( token / quoted-string ) ] )
bool isExtension(std::string_view text)
{
    const auto trimmed = [](std::string_view one) {
        const size_t first = one.find_first_not_of(" \t");
        const size_t last = one.find_last_not_of(" \t");
        return first == std::string_view::npos
                   ? std::string_view()
                   : one.substr(first, last - first + 1);
    };
    bool isName = true;
    for (bool more = true; more; isName = false)
    {
        const size_t end = text.find(';');
        more = end != std::string_view::npos;
        const std::string_view part = trimmed(text.substr(0, end));
        text = more ? text.substr(end + 1) : std::string_view();
        const size_t equals = isName ? std::string_view::npos : part.find('=');
        if (!isToken(trimmed(part.substr(0, equals))))
        {
            return false;
        }
        if (equals == std::string_view::npos)
        {
            continue;
        }
        std::string_view value = trimmed(part.substr(equals + 1));
        if (value.size() > 1 && value.front() == '"' && value.back() == '"')
        {
            value = value.substr(1, value.size() - 2);
        }
        if (!isToken(value)) // of a quoted one, too (9.1)
        {
            return false;
        }
    }
    return true;
}

/// IANA, WebSocket Extension Name Registry
constexpr std::string_view registered[] = {"permessage-deflate",
                                           "bbf-usp-protocol"};

void lookAtExtensions(Peer& peer, const Request& request)
{
    constexpr std::string_view name = "Sec-WebSocket-Extensions";
    if (valuesOf(request.fields, name).empty())
    {
        return peer.conclude(notApplicable("it offers no extension"));
    }
    for (const std::string& element : elementsOf(request, name))
    {
        peer.want(isExtension(element), fmt::format("'{}'", element),
                  "a token, and parameters that are tokens");
        const std::string token = element.substr(0,
                                                 element.find_first_of("; \t"));
        peer.want(std::ranges::find(registered, token) != std::end(registered),
                  fmt::format("the extension '{}'", token),
                  "an extension that IANA has registered");
    }
}

Verdict serializes(Peer& peer)
{
    if (!peer.clientStays())
    {
        return leaveOut(peer, "each of its processes has one connection");
    }
    peer.receiveRequest(); // and it has no answer
    Peer second = peer.another();
    const bool early = second.dialsWithin(peer.patience() / 6);
    peer.want(!early, "a second connection while the first has no response",
              "one connection at a time in the CONNECTING state");
    return peer.verdict();
}

Verdict tellsServerName(Peer& peer)
{
    peer.connect();
    if (peer.stopped())
    {
        return peer.verdict();
    }
    const std::string name = peer.channel()->tls()->calledName();
    peer.want(name == "localhost",
              name.empty() ? "no server name" : "the name " + name,
              "the server name localhost");
    return peer.verdict();
}

void lookAtCredentials(Peer& peer, const Request& request)
{
    const auto has = [&request](std::string_view name) {
        return !valuesOf(request.fields, name).empty();
    };
    peer.want(has("Authorization") || has("Cookie"),
              "neither Authorization nor Cookie",
              "what it was given to log in with");
}

Verdict keepsPathAndQuery(Peer& peer)
{
    peer.dialWith("/a%20b/%c3%a9?c=d%2Fe&f=%25&g");
    return asks(peer, [](Peer& with, const Request& request) {
        const std::string wanted = with.dialled();
        // An absolute form is allowed, too.
        with.want(request.target == wanted ||
                      request.target == "http://" + with.host() + wanted,
                  "the request for " + request.target, wanted);
    });
}

constexpr Case cases[] = {
    {
        .id = "ws.clt.request.get-http11",
        .spec = spec,
        .says = "The method of the request MUST be GET, and the HTTP version "
                "MUST be at least 1.1.",
        .level = Level::must,
        .sends = nothing,
        .wants = "GET, and HTTP/1.1",
        .run = [](Peer& peer) { return asks(peer, lookAtFirstLine); },
    },
    {
        .id = "ws.clt.request.path-and-query",
        .spec = spec,
        .says = "The \"Request-URI\" part of the request MUST match the "
                "/resource name/ defined in Section 3 (a relative URI) or be "
                "an absolute http/https URI that, when parsed, has a /resource "
                "name/, /host/, and /port/ that match the corresponding ws/wss "
                "URI.",
        .level = Level::must,
        .sends = "a URL with escapes in its path and its query",
        .wants = "the same path and query in the request",
        .run = keepsPathAndQuery,
    },
    {
        .id = "ws.clt.request.host",
        .spec = spec,
        .says = "The request MUST contain a |Host| header field whose value "
                "contains /host/ plus optionally \":\" followed by /port/ "
                "(when not using the default port).",
        .level = Level::must,
        .sends = nothing,
        .wants = "one Host, with the port that is not the usual one",
        .run = [](Peer& peer) { return asks(peer, lookAtHost); },
    },
    {
        .id = "ws.clt.request.upgrade",
        .spec = spec,
        .says = "The request MUST contain an |Upgrade| header field whose "
                "value MUST include the \"websocket\" keyword.",
        .level = Level::must,
        .sends = nothing,
        .wants = "Upgrade with websocket, and Connection with Upgrade",
        .run = [](Peer& peer) { return asks(peer, lookAtUpgrade); },
    },
    {
        .id = "ws.clt.request.key-16-bytes",
        .spec = spec,
        .says = "The value of this header field MUST be a nonce consisting of "
                "a randomly selected 16-byte value that has been "
                "base64-encoded (see Section 4 of [RFC4648]).",
        .level = Level::must,
        .sends = nothing,
        .wants = "one Sec-WebSocket-Key of 16 bytes in base64",
        .run = [](Peer& peer) { return asks(peer, lookAtKey); },
    },
    {
        .id = "ws.clt.request.key-fresh",
        .spec = spec,
        .says = "The nonce MUST be selected randomly for each connection.",
        .level = Level::must,
        .sends = "12 URLs, one after another",
        .wants = "12 keys with no part of one in another",
        .run = drawsKeys,
    },
    {
        .id = "ws.clt.request.origin",
        .spec = spec,
        .says = "The request MUST include a header field with the name "
                "|Origin| [RFC6454] if the request is coming from a browser "
                "client.",
        .level = Level::must,
        .sends = nothing,
        .wants = "one Origin, as RFC 6454 writes it",
        .needs = Needs::browser,
        .run = [](Peer& peer) { return asks(peer, lookAtOrigin); },
    },
    {
        .id = "ws.clt.request.version-13",
        .spec = spec,
        .says = "The value of this header field MUST be 13.",
        .level = Level::must,
        .sends = nothing,
        .wants = "one Sec-WebSocket-Version: 13",
        .run = [](Peer& peer) { return asks(peer, lookAtVersion); },
    },
    {
        .id = "ws.clt.request.subprotocols",
        .spec = spec,
        .says = "The elements that comprise this value MUST be non-empty "
                "strings with characters in the range U+0021 to U+007E not "
                "including separator characters as defined in [RFC2616] and "
                "MUST all be unique strings.",
        .level = Level::must,
        .sends = nothing,
        .wants = "Sec-WebSocket-Protocol, if it is there, with unique tokens",
        .run = [](Peer& peer) { return asks(peer, lookAtSubprotocols); },
    },
    {
        .id = "ws.clt.request.extensions",
        .spec = "RFC 6455, 9.1",
        .says = "Any extension-token used MUST be a registered token (see "
                "Section 11.4).",
        .level = Level::must,
        .sends = nothing,
        .wants = "Sec-WebSocket-Extensions, if it is there, by its ABNF and "
                 "with names that IANA knows",
        .run = [](Peer& peer) { return asks(peer, lookAtExtensions); },
    },
    {
        .id = "ws.clt.request.no-frame-before-101",
        .spec = spec,
        .says = "Once the client's opening handshake has been sent, the client "
                "MUST wait for a response from the server before sending any "
                "further data.",
        .level = Level::must,
        .sends = "no response",
        .wants = "not a byte behind the request",
        .run = waitsForResponse,
    },
    {
        .id = "ws.clt.request.one-connecting",
        .spec = spec,
        .says = "There MUST be no more than one connection in a CONNECTING "
                "state.",
        .level = Level::must,
        .sends = "a second URL while the first has no response",
        .wants = "the second connection comes later",
        .run = serializes,
    },
    {
        .id = "ws.clt.request.server-name",
        .spec = spec,
        .says = "Clients MUST use the Server Name Indication extension in the "
                "TLS handshake [RFC6066].",
        .level = Level::must,
        .sends = "a wss URL with a name",
        .wants = "that name in the TLS handshake",
        .needs = Needs::tls,
        .run = tellsServerName,
    },
    {
        .id = "ws.clt.request.credentials",
        .spec = spec,
        .says = "The request MAY include any other header fields, for example, "
                "cookies [RFC6265] and/or authentication-related header fields "
                "such as the |Authorization| header field [RFC2616], which are "
                "processed according to documents that define them.",
        .level = Level::robustness,
        .sends = "credentials for it to use",
        .wants = "Authorization or Cookie in the request",
        .needs = Needs::credentials,
        .run = [](Peer& peer) { return asks(peer, lookAtCredentials); },
    },
};

} // namespace

std::span<const Case> clientRequestCases()
{
    return cases;
}

} // namespace conformance::ws
