// SPDX-License-Identifier: Apache-2.0
#include "target.hpp"

#include <fmt/format.h>

#include <charconv>
#include <string>

namespace conformance
{

namespace
{

constexpr uint16_t nbdPort = 10809; // "the IANA-reserved port for NBD"
constexpr std::string_view forms =
    "nbd://HOST[:PORT][/EXPORT] or nbd+unix:///[EXPORT]?socket=PATH";

template <typename Number>
bool readAll(std::string_view text, Number& value, int base)
{
    const char* end = text.data() + text.size();
    const auto [stopped, error] =
        std::from_chars(text.data(), end, value, base);
    return error == std::errc{} && stopped == end && !text.empty();
}

std::optional<std::string> percentDecoded(std::string_view text)
{
    std::string out;
    for (size_t i = 0; i < text.size(); ++i)
    {
        uint8_t code = 0;
        if (text[i] != '%')
        {
            out += text[i];
        }
        else if (i + 2 < text.size() &&
                 readAll(text.substr(i + 1, 2), code, 16))
        {
            out += static_cast<char>(code);
            i += 2;
        }
        else
        {
            return std::nullopt;
        }
    }
    return out;
}

std::string percentEncoded(std::string_view text)
{
    std::string out;
    for (const char c : text)
    {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                           (c >= 'A' && c <= 'Z') ||
                           std::string_view("-._~/").find(c) !=
                               std::string_view::npos;
        out += plain ? std::string(1, c)
                     : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

struct Parts
{
    std::string_view scheme, authority, path, query;
};

std::optional<Parts> split(std::string_view uri)
{
    Parts parts;
    const size_t scheme = uri.find("://");
    if (scheme == std::string_view::npos)
    {
        return std::nullopt;
    }
    parts.scheme = uri.substr(0, scheme);
    uri.remove_prefix(scheme + 3);
    if (const size_t query = uri.find('?'); query != std::string_view::npos)
    {
        parts.query = uri.substr(query + 1);
        uri = uri.substr(0, query);
    }
    const size_t slash = std::min(uri.find('/'), uri.size());
    parts.authority = uri.substr(0, slash);
    parts.path = uri.substr(std::min(slash + 1, uri.size()));
    return parts;
}

std::optional<Address> tcpAddress(std::string_view authority)
{
    Address address;
    size_t hostEnd = authority.find(':');
    size_t hostBegin = 0;
    if (authority.starts_with('[')) // an IPv6 literal
    {
        hostBegin = 1;
        hostEnd = authority.find(']');
        if (hostEnd == std::string_view::npos)
        {
            return std::nullopt;
        }
    }
    hostEnd = std::min(hostEnd, authority.size());
    address.host = authority.substr(hostBegin, hostEnd - hostBegin);
    std::string_view rest = authority.substr(hostEnd + hostBegin);
    address.port = nbdPort;
    if (rest.starts_with(':') && !readAll(rest.substr(1), address.port, 10))
    {
        return std::nullopt;
    }
    const bool complete = rest.empty() || rest.starts_with(':');
    return complete && !address.host.empty() && address.port != 0
               ? std::optional(address)
               : std::nullopt;
}

std::optional<Address> unixAddress(const Parts& parts)
{
    constexpr std::string_view key = "socket=";
    if (!parts.authority.empty() || !parts.query.starts_with(key))
    {
        return std::nullopt;
    }
    const auto path = percentDecoded(parts.query.substr(key.size()));
    if (!path || path->empty())
    {
        return std::nullopt;
    }
    return Address{.socket = *path};
}

} // namespace

vmedia::Result<Target> parseTarget(std::string_view uri)
{
    const auto refuse = [uri](std::string_view why) {
        return vmedia::fail(vmedia::Errc::usage,
                            fmt::format("target '{}': {}", uri, why),
                            fmt::format("write {}", forms));
    };
    const std::optional<Parts> parts = split(uri);
    if (!parts)
    {
        return refuse("no scheme in it");
    }
    std::optional<Address> address;
    if (parts->scheme == "nbd")
    {
        address = tcpAddress(parts->authority);
    }
    else if (parts->scheme == "nbd+unix")
    {
        address = unixAddress(*parts);
    }
    else
    {
        return refuse(fmt::format("no scheme '{}' here", parts->scheme));
    }
    if (!address)
    {
        return refuse(parts->scheme == "nbd" ? "no host and port in it"
                                             : "no ?socket=PATH in it");
    }
    const auto name = percentDecoded(parts->path);
    if (!name)
    {
        return refuse("'%' without two hex digits in the export's name");
    }
    Target target{*address};
    if (!name->empty())
    {
        target.exportName = *name;
    }
    return target;
}

std::string describe(const Address& address)
{
    return uriOf(address, {});
}

std::string uriOf(const Address& address, std::string_view exportName)
{
    const std::string name = percentEncoded(exportName);
    if (!address.socket.empty())
    {
        return fmt::format("nbd+unix:///{}?socket={}", name,
                           percentEncoded(address.socket));
    }
    const bool literal = address.host.find(':') != std::string::npos;
    return fmt::format("nbd://{}{}{}:{}{}{}", literal ? "[" : "", address.host,
                       literal ? "]" : "", address.port,
                       name.empty() ? "" : "/", name);
}

} // namespace conformance
