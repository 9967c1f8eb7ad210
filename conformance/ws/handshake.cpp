// SPDX-License-Identifier: Apache-2.0
#include "handshake.hpp"

#include "vmedia/nbd/pack.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <boost/algorithm/string/predicate.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include <algorithm>
#include <array>

namespace conformance::ws
{

namespace http = boost::beast::http;
using boost::algorithm::iequals;

namespace
{

Fields fieldsOf(const http::fields& parsed)
{
    Fields fields;
    for (const auto& field : parsed)
    {
        fields.emplace_back(field.name_string(), field.value());
    }
    return fields;
}

/// The head of @p bytes, by a parser that knows what HTTP/1 is.
template <bool isRequest>
std::optional<http::message<isRequest, http::empty_body>>
    parseHead(std::string_view bytes)
{
    http::parser<isRequest, http::empty_body> parser;
    parser.header_limit(headMax);
    parser.skip(true); // whatever body it tells of, there is none for us
    boost::system::error_code error;
    parser.put(boost::asio::buffer(bytes), error);
    if (error || !parser.is_header_done())
    {
        return std::nullopt;
    }
    return parser.release();
}

} // namespace

std::vector<std::string> valuesOf(const Fields& fields, std::string_view name)
{
    std::vector<std::string> values;
    for (const auto& [key, value] : fields)
    {
        if (iequals(key, name))
        {
            values.push_back(value);
        }
    }
    return values;
}

bool hasToken(const Fields& fields, std::string_view name,
              std::string_view token)
{
    const auto values = valuesOf(fields, name);
    return std::ranges::any_of(values, [token](const std::string& value) {
        return http::token_list{value}.exists(token);
    });
}

void setField(Fields& fields, std::string_view name, std::string value)
{
    const auto found = std::ranges::find_if(
        fields, [name](const auto& one) { return iequals(one.first, name); });
    if (found == fields.end())
    {
        fields.emplace_back(std::string(name), std::move(value));
        return;
    }
    found->second = std::move(value);
    fields.erase(std::remove_if(std::next(found), fields.end(),
                                [name](const auto& one) {
        return iequals(one.first, name);
    }),
                 fields.end());
}

void dropField(Fields& fields, std::string_view name)
{
    std::erase_if(fields,
                  [name](const auto& one) { return iequals(one.first, name); });
}

std::vector<std::string> tokensOf(const Fields& fields, std::string_view name)
{
    std::vector<std::string> tokens;
    for (const std::string& value : valuesOf(fields, name))
    {
        for (const auto token : http::token_list{value})
        {
            tokens.emplace_back(token);
        }
    }
    return tokens;
}

Request& Request::set(std::string_view name, std::string value)
{
    setField(fields, name, std::move(value));
    return *this;
}

Request& Request::add(std::string name, std::string value)
{
    fields.emplace_back(std::move(name), std::move(value));
    return *this;
}

Request& Request::drop(std::string_view name)
{
    dropField(fields, name);
    return *this;
}

/// A head: its first line, the fields, the empty line.
static std::string headOf(std::string first, const Fields& fields)
{
    for (const auto& [name, value] : fields)
    {
        first += fmt::format("\r\n{}: {}", name, value);
    }
    return first + "\r\n\r\n";
}

std::string Request::text() const
{
    return headOf(fmt::format("{} {} {}", method, target, version), fields);
}

std::string Response::text() const
{
    return headOf(fmt::format("HTTP/1.1 {} {}", status, reason), fields);
}

Response upgradeResponse(const Request& request)
{
    const auto keys = valuesOf(request.fields, "Sec-WebSocket-Key");
    Response response{.status = 101, .reason = "Switching Protocols"};
    response.fields = {
        {"Upgrade", "websocket"},
        {"Connection", "Upgrade"},
        {"Sec-WebSocket-Accept", acceptOf(keys.empty() ? "" : keys.front())}};
    const auto offered = tokensOf(request.fields, "Sec-WebSocket-Protocol");
    if (!offered.empty())
    {
        response.fields.emplace_back("Sec-WebSocket-Protocol", offered.front());
    }
    return response;
}

Request upgradeRequest(std::string_view host, std::string_view target,
                       std::string_view key)
{
    Request request;
    request.target = target;
    request.add("Host", std::string(host))
        .add("Upgrade", "websocket")
        .add("Connection", "Upgrade")
        .add("Sec-WebSocket-Key", std::string(key))
        .add("Sec-WebSocket-Version", "13");
    return request;
}

std::string base64(std::string_view bytes)
{
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
    // NOLINTNEXTLINE: characters seen as bytes, for a C function
    const auto* from = reinterpret_cast<const unsigned char*>(bytes.data());
    // NOLINTNEXTLINE
    auto* to = reinterpret_cast<unsigned char*>(out.data());
    out.resize(static_cast<size_t>(
        ::EVP_EncodeBlock(to, from, static_cast<int>(bytes.size()))));
    return out;
}

std::string randomKey(std::mt19937_64& random)
{
    std::string bytes;
    for (int i = 0; i < 16; ++i)
    {
        bytes += static_cast<char>(random());
    }
    return base64(bytes);
}

std::string acceptOf(std::string_view key)
{
    const std::string text = std::string(key) +
                             "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
    // NOLINTNEXTLINE: as above
    ::SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
           digest.data());
    return base64({reinterpret_cast<const char*>(digest.data()), // NOLINT
                   digest.size()});
}

std::optional<std::string> Response::value(std::string_view name) const
{
    const auto values = valuesOf(fields, name);
    return values.empty() ? std::nullopt : std::optional(values.front());
}

std::optional<size_t> endOfHead(std::string_view bytes)
{
    const size_t end = bytes.find("\r\n\r\n");
    return end == std::string_view::npos ? std::nullopt
                                         : std::optional(end + 4);
}

std::optional<Response> parseResponse(std::string_view head)
{
    const auto parsed = parseHead<false>(head);
    if (!parsed)
    {
        return std::nullopt;
    }
    return Response{static_cast<int>(parsed->result_int()),
                    std::string(parsed->reason()), fieldsOf(*parsed)};
}

std::optional<Request> parseRequest(std::string_view head)
{
    const auto parsed = parseHead<true>(head);
    if (!parsed)
    {
        return std::nullopt;
    }
    return Request{std::string(parsed->method_string()),
                   std::string(parsed->target()),
                   fmt::format("HTTP/{}.{}", parsed->version() / 10,
                               parsed->version() % 10),
                   fieldsOf(*parsed)};
}

std::string upgradeFault(const Response& response, std::string_view key)
{
    if (response.status != 101)
    {
        return fmt::format("status {} {}", response.status, response.reason);
    }
    const auto upgrade = response.value("Upgrade");
    if (!upgrade || !iequals(*upgrade, "websocket"))
    {
        return fmt::format("101 with Upgrade: {}", upgrade.value_or("(none)"));
    }
    if (!hasToken(response.fields, "Connection", "upgrade"))
    {
        return fmt::format("101 with Connection: {}",
                           response.value("Connection").value_or("(none)"));
    }
    const auto accept = response.value("Sec-WebSocket-Accept");
    if (accept != acceptOf(key))
    {
        return fmt::format("101 with Sec-WebSocket-Accept: {}, not {}",
                           accept.value_or("(none)"), acceptOf(key));
    }
    return {};
}

} // namespace conformance::ws
