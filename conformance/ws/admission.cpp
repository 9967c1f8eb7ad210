// SPDX-License-Identifier: Apache-2.0
#include "admission.hpp"

#include "head.hpp"

#include <fmt/format.h>

#include <boost/algorithm/string/predicate.hpp>
#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <set>

namespace conformance::ws
{

using boost::algorithm::iequals;
using boost::algorithm::istarts_with;

namespace
{

/// The rest is ours: what a client offers that Sec-WebSocket-Extensions must
/// be (9.1): token, then ";"-separated parameters.
bool isExtension(std::string_view text)
{
    while (!text.empty())
    {
        const size_t end = std::min(text.find(';'), text.size());
        const std::string_view part = trimmed(text.substr(0, end));
        const size_t equals = part.find('=');
        if (!isToken(part.substr(0, equals)))
        {
            return false;
        }
        if (equals != std::string_view::npos)
        {
            std::string_view value = part.substr(equals + 1);
            if (value.size() >= 2 && value.front() == '"' &&
                value.back() == '"')
            {
                value = value.substr(1, value.size() - 2);
            }
            if (!isToken(value)) // "the value after quoted-string unescaping"
            {
                return false;
            }
        }
        if (end == text.size())
        {
            return true;
        }
        text.remove_prefix(end + 1);
    }
    return false;
}

std::string decoded64(std::string_view text)
{
    if (text.size() % 4 != 0)
    {
        return {};
    }
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij"
                                        "klmnopqrstuvwxyz0123456789+/";
    std::string out;
    uint32_t bits = 0;
    for (size_t i = 0; i < text.size(); ++i)
    {
        const bool pads = text[i] == '=' && i + 2 >= text.size() &&
                          (i + 1 == text.size() || text[i + 1] == '=');
        const size_t digit = pads ? 0 : digits.find(text[i]);
        if (digit == std::string_view::npos)
        {
            return {};
        }
        bits = bits << 6 | static_cast<uint32_t>(digit);
        if (i % 4 == 3)
        {
            out += static_cast<char>(bits >> 16 & 0xFF);
            out += static_cast<char>(bits >> 8 & 0xFF);
            out += static_cast<char>(bits & 0xFF);
        }
    }
    const auto padding = static_cast<size_t>(std::ranges::count(text, '='));
    return out.substr(0, out.size() - padding);
}

enum class Known : uint8_t
{
    no,
    guest,
    yes,
};

Known whoIs(const Asked& asked, const Credentials& credentials)
{
    const std::string authorization = asked.only("Authorization");
    if (istarts_with(authorization, "Basic "))
    {
        const std::string pair = decoded64(trimmed(authorization.substr(6)));
        const size_t colon = std::min(pair.find(':'), pair.size());
        const auto holds = [&](const auto& names) {
            const auto found = names.find(pair.substr(0, colon));
            return found != names.end() && colon < pair.size() &&
                   found->second == pair.substr(colon + 1);
        };
        return holds(credentials.users)    ? Known::yes
               : holds(credentials.guests) ? Known::guest
                                           : Known::no;
    }
    if (credentials.token.empty())
    {
        return Known::no;
    }
    if (istarts_with(authorization, "Bearer "))
    {
        return trimmed(authorization.substr(7)) == credentials.token
                   ? Known::yes
                   : Known::no;
    }
    const auto protocols = asked.list("Sec-WebSocket-Protocol");
    const bool allowed = credentials.csrf.empty() ||
                         std::ranges::find(protocols, credentials.csrf) !=
                             protocols.end();
    const auto cookies = split(asked.only("Cookie"), ';');
    return allowed &&
                   std::ranges::find(cookies, "SESSION=" + credentials.token) !=
                       cookies.end()
               ? Known::yes
               : Known::no;
}

/// Whether the page that asks comes from where we are (10.2).
bool isForeign(const Asked& asked)
{
    if (asked.count("Origin") == 0)
    {
        return false; // no browser
    }
    const std::string origin = asked.only("Origin");
    const size_t scheme = origin.find("://");
    return scheme == std::string::npos ||
           !iequals(origin.substr(scheme + 3), asked.only("Host"));
}

Answer refusedVersion(int status, std::string words)
{
    // "an appropriate HTTP error code … and a |Sec-WebSocket-Version| header
    // field indicating the version(s)" (4.2.2)
    Answer answer = refused(status, std::move(words));
    answer.fields.emplace_back("Sec-WebSocket-Version", "13");
    return answer;
}

/// What HTTP/1.1 wants of any request; 101 if there is nothing to say.
Answer judgeRequest(const Asked& asked)
{
    if (asked.tooLong)
    {
        return refused(431, "the request's head is too long");
    }
    if (!asked.fault.empty())
    {
        return refused(400, asked.fault);
    }
    if (asked.request.version != "HTTP/1.1")
    {
        return refused(400, "HTTP/1.1 is wanted");
    }
    if (asked.request.method != "GET")
    {
        Answer answer = refused(405, "GET is wanted");
        answer.fields.emplace_back("Allow", "GET");
        return answer;
    }
    if (asked.count("Host") != 1)
    {
        return refused(400, "exactly one Host is wanted");
    }
    if (asked.count("Transfer-Encoding") > 0 ||
        (asked.count("Content-Length") > 0 &&
         asked.only("Content-Length") != "0"))
    {
        return refused(400, "a request for a WebSocket has no body");
    }
    return {};
}

Answer judgeWho(const Asked& asked, const Admission& admission)
{
    if (asked.request.target.find('#') != std::string::npos)
    {
        return refused(400, "a target has no fragment");
    }
    if (std::ranges::find(admission.paths, asked.path()) ==
        admission.paths.end())
    {
        return refused(404, "there is nothing at this path");
    }
    if (admission.credentials.areNeeded())
    {
        switch (whoIs(asked, admission.credentials))
        {
            case Known::no:
            {
                Answer answer = refused(401, "credentials are wanted");
                answer.fields.emplace_back("WWW-Authenticate",
                                           "Basic realm=\"reference\"");
                return answer;
            }
            case Known::guest:
                return refused(403, "this user may not");
            case Known::yes:
                break;
        }
    }
    return isForeign(asked) ? refused(403, "a page of another site") : Answer{};
}

Answer judgeUpgrade(const Asked& asked)
{
    const Fields& fields = asked.request.fields;
    if (!hasToken(fields, "Upgrade", "websocket"))
    {
        Answer answer = refused(426, "Upgrade: websocket is wanted");
        answer.fields.emplace_back("Upgrade", "websocket");
        return answer;
    }
    if (!hasToken(fields, "Connection", "upgrade"))
    {
        return refused(400, "Connection: Upgrade is wanted");
    }
    if (asked.count("Sec-WebSocket-Version") > 1)
    {
        return refusedVersion(400, "one Sec-WebSocket-Version is wanted");
    }
    if (asked.only("Sec-WebSocket-Version") != "13")
    {
        return refusedVersion(426, "Sec-WebSocket-Version: 13 is wanted");
    }
    // "a base64-encoded … value that, when decoded, is 16 bytes in length"
    if (decoded64(asked.only("Sec-WebSocket-Key")).size() != 16)
    {
        return refused(400, "one Sec-WebSocket-Key of 16 bytes is wanted");
    }
    if (!std::ranges::all_of(asked.list("Sec-WebSocket-Extensions"),
                             isExtension))
    {
        return refused(400, "no list of extensions (9.1)");
    }
    const auto protocols = asked.list("Sec-WebSocket-Protocol");
    const bool unique =
        std::set<std::string>(protocols.begin(), protocols.end()).size() ==
        protocols.size();
    if (!unique || !std::ranges::all_of(protocols, isToken))
    {
        return refused(400, "no list of unique subprotocols (4.1)");
    }
    return {};
}

} // namespace

Answer upgraded(const Asked& asked)
{
    Answer answer;
    answer.fields = {{"Upgrade", "websocket"},
                     {"Connection", "Upgrade"},
                     {"Sec-WebSocket-Accept", ""}};
    const auto keys = valuesOf(asked.request.fields, "Sec-WebSocket-Key");
    answer.fields.back().second =
        acceptOf(trimmed(keys.empty() ? std::string_view{} : keys.front()));
    return answer;
}

Answer refused(int status, std::string words)
{
    return {.status = status,
            .words = std::move(words) + "\n",
            .fields = {{"Connection", "close"}}};
}

Answer judge(const Asked& asked, const Admission& admission)
{
    if (Answer answer = judgeRequest(asked); !answer.upgrades())
    {
        return answer;
    }
    if (Answer answer = judgeWho(asked, admission); !answer.upgrades())
    {
        return answer;
    }
    if (Answer answer = judgeUpgrade(asked); !answer.upgrades())
    {
        return answer;
    }
    if (admission.claim && !admission.claim(asked.path()))
    {
        return refused(409, "another client has it");
    }
    Answer answer = upgraded(asked);
    const auto offered = asked.list("Sec-WebSocket-Protocol");
    const auto chosen = std::ranges::find_if(
        admission.protocols, [&offered](const std::string& one) {
        return std::ranges::find(offered, one) != offered.end();
    });
    if (chosen != admission.protocols.end())
    {
        answer.fields.emplace_back("Sec-WebSocket-Protocol", *chosen);
    }
    return answer;
}

std::string responseText(const Asked& asked, const Answer& answer)
{
    const auto reason = boost::beast::http::obsolete_reason(
        static_cast<boost::beast::http::status>(answer.status));
    std::string text = fmt::format("HTTP/1.1 {} {}\r\n", answer.status,
                                   std::string_view(reason));
    for (const auto& [name, value] : answer.fields)
    {
        text += fmt::format("{}: {}\r\n", name, value);
    }
    if (answer.status == 101)
    {
        return text + "\r\n";
    }
    text += fmt::format("Content-Type: text/plain\r\nContent-Length: {}\r\n"
                        "\r\n",
                        answer.words.size());
    return asked.request.method == "HEAD" ? text : text + answer.words;
}

} // namespace conformance::ws
