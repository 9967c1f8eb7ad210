// SPDX-License-Identifier: Apache-2.0
#include "deviations.hpp"
#include "head.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/ssl.h>

#include <boost/algorithm/string/case_conv.hpp>
#include <boost/algorithm/string/predicate.hpp>
#include <boost/algorithm/string/replace.hpp>

namespace conformance::ws
{

using namespace deviations;

namespace
{

bool hasBody(const Asked& asked)
{
    return asked.count("Content-Length") > 0;
}

/// The only key, if it has @p size characters of which the last @p padding are
/// "=".
MatchAsked keyIs(size_t size, size_t padding)
{
    return [=](const Asked& asked) {
        const std::string key = asked.only("Sec-WebSocket-Key");
        return key.size() == size &&
               key.find('=') ==
                   (padding == 0 ? std::string::npos : size - padding) &&
               key.find('!') == std::string::npos;
    };
}

/// Blanks around the key, but for the usual one.
bool hasBlanksAtKey(const Asked& asked)
{
    for (size_t at = 0; at < asked.head.size();)
    {
        const size_t end = std::min(asked.head.find("\r\n", at),
                                    asked.head.size());
        const auto line = std::string_view(asked.head).substr(at, end - at);
        constexpr std::string_view name = "sec-websocket-key:";
        if (boost::algorithm::istarts_with(line, name))
        {
            const auto value = line.substr(name.size());
            return value.starts_with("  ") || value.starts_with('\t') ||
                   value.ends_with(' ') || value.ends_with('\t');
        }
        at = end + 2;
    }
    return false;
}

/// A value of the accept field that belongs to another key.
Deviation acceptsFor(std::function<std::string(const Asked&)> key,
                     MatchAsked matches)
{
    return {.response = [=](const Asked& asked, std::string& text) {
        if (matches(asked))
        {
            boost::algorithm::replace_first(
                text, acceptOf(asked.only("Sec-WebSocket-Key")),
                acceptOf(key(asked)));
        }
    }};
}

/// Of a key of 16 bytes, the digit before "==" with its unused bits as 0.
std::string canonical(const Asked& asked)
{
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij"
                                        "klmnopqrstuvwxyz0123456789+/";
    std::string key = asked.only("Sec-WebSocket-Key");
    if (key.size() == 24)
    {
        const size_t digit = digits.find(key[21]);
        key[21] = digits[(digit == std::string_view::npos ? 0 : digit) & 0x30];
    }
    return key;
}

void addRequestDefects(Defects& all)
{
    all["ws.hs.ok"] = later(1, [](const Asked&, Answer& answer) {
        std::erase_if(answer.fields, [](const auto& field) {
            return field.first == "Upgrade";
        });
    });
    all["ws.hs.accept-rfc-vector"] = acceptsFor([](const Asked&) {
        return "x";
    }, onlyIs("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="));
    all["ws.hs.accept-key-as-string"] = acceptsFor(canonical, everybody);
    all["ws.hs.bytewise"] = corruptsSingles(8);
    for (const std::string method : {"POST", "PUT", "HEAD", "OPTIONS"})
    {
        all[fmt::format("ws.hs.method-{}",
                        boost::algorithm::to_lower_copy(method))] =
            admits(methodIs(method));
    }
    const auto versionIs = [](std::string version) {
        return [=](const Asked& asked) {
            return asked.request.version == version;
        };
    };
    all["ws.hs.http10"] = admits(versionIs("HTTP/1.0"));
    all["ws.hs.http09"] = ignores(versionIs(""));
    all["ws.hs.http20-preface"] = ignores(versionIs("HTTP/2.0"));
    all["ws.hs.no-host"] = admits(countIs("Host", 0));
    all["ws.hs.dup-host"] = admits(countIs("Host", 2));
    all["ws.hs.host-mismatch"] = diesOf([](const Asked& asked) {
        const std::string host = asked.only("Host");
        return !host.starts_with("127.") && !host.starts_with("localhost") &&
               !host.starts_with('[');
    });
    all["ws.hs.absolute-uri"] = refuses(targetHas("://"), 404);
    all["ws.hs.query-string"] = diesOf(targetHas("?"));
    all["ws.hs.fragment"] = ignores(targetHas("#"));
    all["ws.hs.dotdot"] = admits(targetHas("/.."));
    all["ws.hs.pct-encoded-slash"] = admits(targetHas("%2"));
    all["ws.hs.path-404"] = refuses(targetHas("no-such-path"), 302);
    all["ws.hs.path-slash"] = refuses([](const Asked& asked) {
        return asked.request.target.size() > 1 &&
               asked.request.target.ends_with('/');
    }, 404);
}

void addUpgradeDefects(Defects& all)
{
    const auto listed = [](std::string name, size_t least) {
        return [=](const Asked& asked) {
            return asked.count(name) == 1 && asked.list(name).size() >= least;
        };
    };
    all["ws.hs.no-upgrade"] = admits(countIs("Upgrade", 0));
    all["ws.hs.upgrade-case"] = refuses([](const Asked& asked) {
        const std::string value = asked.only("Upgrade");
        return value != "websocket" &&
               boost::algorithm::iequals(value, "websocket");
    });
    all["ws.hs.upgrade-list"] = refuses(listed("Upgrade", 2));
    all["ws.hs.upgrade-wrong"] =
        admits([](const Asked& asked) { return asked.count("Upgrade") > 0; });
    all["ws.hs.no-connection"] = admits(countIs("Connection", 0));
    all["ws.hs.connection-list"] = refuses(listed("Connection", 2));
    all["ws.hs.connection-close"] = admits(onlyIs("Connection", "close"));
    all["ws.hs.connection-split"] = refuses(countIs("Connection", 2));
    all["ws.hs.no-key"] = admits(countIs("Sec-WebSocket-Key", 0));
    all["ws.hs.key-empty"] = admits(onlyIs("Sec-WebSocket-Key", ""));
    all["ws.hs.key-len-15"] = admits(keyIs(20, 0));
    all["ws.hs.key-len-17"] = admits(keyIs(24, 1));
    all["ws.hs.key-not-base64"] = admits([](const Asked& asked) {
        return asked.only("Sec-WebSocket-Key").find_first_of("!*%$ ") !=
               std::string::npos;
    });
    all["ws.hs.key-dup"] = admits(countIs("Sec-WebSocket-Key", 2));
    all["ws.hs.key-whitespace"] = refuses(hasBlanksAtKey);
    const std::string version = "Sec-WebSocket-Version";
    all["ws.hs.no-version"] = admits(countIs(version, 0));
    for (const std::string value : {"12", "8", "0", "255", "abc"})
    {
        all[fmt::format("ws.hs.version-{}", value)] =
            refuses(onlyIs(version, value)); // and without the field
    }
    all["ws.hs.version-426"] = {.answer = [](const Asked&, Answer& answer) {
        answer.status = answer.status == 426 ? 400 : answer.status;
    }};
    all["ws.hs.version-retry"] = {
        .answer = [=, met = std::make_shared<std::atomic<bool>>(false)](
                      const Asked& asked, Answer& answer) {
        const bool wrong = asked.count(version) > 0 &&
                           asked.only(version) != "13";
        if (met->exchange(wrong) && !wrong)
        {
            answer = refused(400, "a defect");
        }
    }};
    all["ws.hs.version-list"] = admits(listed(version, 2));
    all["ws.hs.version-dup"] = admits(countIs(version, 2));
}

void addWhoDefects(Defects& all)
{
    const auto authorizes = [](std::string scheme) {
        return [=](const Asked& asked) {
            return boost::algorithm::istarts_with(asked.only("Authorization"),
                                                  scheme);
        };
    };
    const auto hasCookie = countIs("Cookie", 1);
    all["ws.hs.auth-none"] = admitsInsteadOf(401, [](const Asked& asked) {
        return asked.count("Authorization") + asked.count("Cookie") == 0;
    });
    all["ws.hs.auth-wrong"] = admitsInsteadOf(401, authorizes("Bearer "));
    all["ws.hs.auth-basic"] = refuses(authorizes("Basic "), 401);
    all["ws.hs.auth-cookie"] = refuses(hasCookie, 401);
    all["ws.hs.auth-token"] = refuses(authorizes("Bearer "), 401);
    all["ws.hs.auth-mtls"] = {.tls = [](SSL_CTX* context) {
        ::SSL_CTX_set_verify(context,
                             SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                             [](int, X509_STORE_CTX*) { return 0; });
    }};
    all["ws.hs.auth-privilege"] = admitsInsteadOf(403, authorizes("Basic "));
    all["ws.hs.csrf-cookie-no-subproto"] = admitsInsteadOf(401, hasCookie);
    all["ws.hs.origin-foreign"] = admitsInsteadOf(403, [](const Asked& asked) {
        return asked.only("Origin").find("://") != std::string::npos;
    });
    all["ws.hs.origin-own"] = refuses([](const Asked& asked) {
        return asked.count("Origin") == 1 &&
               asked.only("Origin").ends_with(asked.only("Host"));
    }, 403);
    all["ws.hs.origin-null"] = diesOf(onlyIs("Origin", "null"));
    all["ws.hs.origin-absent"] = later(1,
                                       [](const Asked& asked, Answer& answer) {
        if (asked.count("Origin") == 0 && answer.upgrades())
        {
            answer = refused(403, "a defect");
        }
    });
}

void addHeadDefects(Defects& all)
{
    all["ws.hs.unknown-headers"] = refuses([](const Asked& asked) {
        return std::ranges::any_of(asked.request.fields, [](const auto& field) {
            return boost::algorithm::istarts_with(field.first, "X-");
        });
    });
    all["ws.hs.crlf-injection"] = adds(headHas("X-Vmedia-Evil"),
                                       "X-Vmedia-Evil", "1");
    all["ws.hs.bare-cr"] = admits([](const Asked& asked) {
        const size_t at = asked.head.find('\r');
        for (size_t i = at; i != std::string::npos;
             i = asked.head.find('\r', i + 1))
        {
            if (i + 1 < asked.head.size() && asked.head[i + 1] != '\n')
            {
                return true;
            }
        }
        return false;
    });
    all["ws.hs.obs-fold"] = ignores([](const Asked& asked) {
        return headHas("\r\n ")(asked) || headHas("\r\n\t")(asked);
    });
    all["ws.hs.nul-in-value"] = admits(headHas(std::string(1, '\0')));
    all["ws.hs.space-before-colon"] = admits(headHas(" :"));
    all["ws.hs.lf-only"] = diesOf([](const Asked& asked) {
        return asked.head.find('\r') == std::string::npos;
    });
    all["ws.hs.header-8k"] = ignores([](const Asked& asked) {
        return asked.head.size() > 8000 && !asked.tooLong;
    });
    all["ws.hs.header-64k"] =
        ignores([](const Asked& asked) { return asked.tooLong; });
    all["ws.hs.header-endless"] =
        ignores([](const Asked& asked) { return asked.tooLong; });
    all["ws.hs.header-1000-lines"] = diesOf([](const Asked& asked) {
        return asked.request.fields.size() > 900 || asked.tooLong;
    });
    all["ws.hs.body-cl5"] = admits(hasBody);
    all["ws.hs.chunked-body"] = ignores(countIs("Transfer-Encoding", 1));
    all["ws.hs.expect-100"] = diesOf(countIs("Expect", 1));
    all["ws.hs.pipelined-frame"] = {.losesPipelined = true};
    // 'G' is FIN 0, RSV1, opcode 7.
    all["ws.hs.second-request-after-101"] = rules([](const Header& header) {
        return header.rsv == 4 && header.opcode == Opcode{7};
    }, stalled);
    all["ws.hs.slowloris-header"] = neverExpires(Deadline::What::handshake);
    all["ws.hs.half-request-fin"] =
        endsAs([](Why why) { return why == Why::vanished; }, Ending::never);
}

void addChoiceDefects(Defects& all)
{
    const std::string protocol = "Sec-WebSocket-Protocol";
    const std::string extension = "Sec-WebSocket-Extensions";
    const auto offers = [=](std::string text) {
        return [=](const Asked& asked) {
            const auto values = valuesOf(asked.request.fields, extension);
            return std::ranges::any_of(values, [&](const std::string& value) {
                return value.find(text) != std::string::npos;
            });
        };
    };
    all["ws.sub.none"] = adds(countIs(protocol, 0), protocol, "binary");
    all["ws.sub.one"] = adds(countIs(protocol, 1), protocol, "another");
    const Deviation verbatim{.answer = [=](const Asked& asked, Answer& answer) {
        const auto offered = asked.list(protocol);
        if (offered.size() > 1)
        {
            answer.fields.emplace_back(
                protocol, fmt::format("{}", fmt::join(offered, ", ")));
        }
    }};
    all["ws.sub.list"] = verbatim;
    all["ws.sub.split-headers"] = verbatim;
    all["ws.sub.token-secret"] = adds(countIs(protocol, 1), protocol, "token");
    all["ws.ext.unknown"] = admitsWith(offers("x-foo"), extension, "x-foo");
    all["ws.ext.malformed"] = admitsWith(offers("=;"), extension,
                                         "permessage-deflate");
    all["ws.ext.not-offered"] = adds(countIs(extension, 0), extension,
                                     "permessage-deflate");

    // RFC 7692: what nobody may agree on
    const auto agrees = [&](const std::string& id, const std::string& offered,
                            const std::string& agreed) {
        all["ws.pmd." + id] = admitsWith(
            offers(offered), extension,
            agreed.empty() ? "permessage-deflate"
                           : fmt::format("permessage-deflate; {}", agreed));
    };
    all["ws.pmd.not-offered"] = all["ws.ext.not-offered"];
    agrees("offer-default", "permessage-deflate", "unknown=1");
    agrees("offer-unknown-param", "permessage-deflate", "");
    agrees("dup-param", "permessage-deflate", "");
    agrees("bits-7", "bits=7", "server_max_window_bits=7");
    agrees("bits-16", "bits=16", "server_max_window_bits=16");
    agrees("bits-08", "bits=08", "server_max_window_bits=08");
    agrees("bits-quoted-15", "\"15\"", "server_max_window_bits=16");
    agrees("server-max-window-bits-8", "bits=8", "server_max_window_bits=9");
    agrees("client-max-window-bits", "client_max_window_bits",
           "client_max_window_bits=7");
    agrees("two-offers", "permessage-deflate", "unknown=1");
    agrees("no-context-takeover", "no_context_takeover",
           "server_no_context_takeover=1");
}

} // namespace

void addHandshakeDefects(Defects& all)
{
    addRequestDefects(all);
    addUpgradeDefects(all);
    addWhoDefects(all);
    addHeadDefects(all);
    addChoiceDefects(all);
}

} // namespace conformance::ws
