// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// RFC 6455, section 4: the two heads of an opening handshake, as text that
/// may be wrong in any place.
namespace conformance::ws
{

/// Header fields in their order; names may repeat.
using Fields = std::vector<std::pair<std::string, std::string>>;

/// The values of all fields called @p name, whatever its case.
std::vector<std::string> valuesOf(const Fields& fields, std::string_view name);

/// Whether the comma-separated values of @p name hold @p token, whatever its
/// case.
bool hasToken(const Fields& fields, std::string_view name,
              std::string_view token);

/// All comma-separated tokens of the fields called @p name.
std::vector<std::string> tokensOf(const Fields& fields, std::string_view name);

/// In the place of all fields with that name, or at the end.
void setField(Fields& fields, std::string_view name, std::string value);
void dropField(Fields& fields, std::string_view name);

struct Request
{
    std::string method = "GET";
    std::string target = "/";
    std::string version = "HTTP/1.1";
    Fields fields{};

    Request& set(std::string_view name, std::string value);
    Request& add(std::string name, std::string value);
    Request& drop(std::string_view name);
    std::string text() const;
};

/// What a client sends that does all right.
Request upgradeRequest(std::string_view host, std::string_view target,
                       std::string_view key);

/// 16 bytes in base64 (4.1, item 7).
std::string randomKey(std::mt19937_64& random);

std::string base64(std::string_view bytes);

/// The Sec-WebSocket-Accept that belongs to @p key (4.2.2, item 5.4).
std::string acceptOf(std::string_view key);

struct Response
{
    int status = 0;
    std::string reason{};
    Fields fields{};

    std::optional<std::string> value(std::string_view name) const;
    std::string text() const;
};

/// What a server answers that does all right: 101, and the first subprotocol
/// where some are offered.
Response upgradeResponse(const Request& request);

/// The longest head that we read.
inline constexpr size_t headMax = size_t{64} << 10;

/// The end of a head in @p bytes: where what follows it begins. None: more is
/// needed.
std::optional<size_t> endOfHead(std::string_view bytes);

/// A response's head, its empty line included. None if it is no HTTP.
std::optional<Response> parseResponse(std::string_view head);

/// A client's request, for the side that is a server.
std::optional<Request> parseRequest(std::string_view head);

/// What keeps @p response from opening a WebSocket for @p key (4.1), in one
/// sentence; "" if nothing does. Extensions and subprotocols are not judged.
std::string upgradeFault(const Response& response, std::string_view key);

} // namespace conformance::ws
