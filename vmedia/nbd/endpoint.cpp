// SPDX-License-Identifier: Apache-2.0
#include "endpoint.hpp"

#include <fmt/format.h>

namespace vmedia::nbd
{

namespace
{

/// RFC 3986, section 2.3, and what @p also may stay as it is.
std::string percentEncoded(std::string_view text, std::string_view also = {})
{
    constexpr std::string_view unreserved =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string out;
    for (const char c : text)
    {
        if (unreserved.find(c) != unreserved.npos || also.find(c) != also.npos)
        {
            out += c;
        }
        else
        {
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

} // namespace

std::string toUri(const Endpoint& endpoint, const UriAccess& access)
{
    std::string query;
    const auto add = [&query](std::string_view key, std::string_view path) {
        if (!path.empty())
        {
            query += fmt::format("{}{}={}", query.empty() ? '?' : '&', key,
                                 percentEncoded(path, "/"));
        }
    };
    add("socket", endpoint.unixSocket);
    if (access.tls)
    {
        add("tls-psk-file", access.tlsPskFile);
        add("tls-certificates", access.tlsCertificates);
    }
    std::string host;
    if (access.tls && !access.user.empty())
    {
        host = percentEncoded(access.user) + '@';
    }
    if (endpoint.unixSocket.empty())
    {
        const bool v6 = endpoint.address.find(':') != std::string::npos;
        host += fmt::format("{}{}{}:{}", v6 ? "[" : "", endpoint.address,
                            v6 ? "]" : "", endpoint.port);
    }
    const bool path = !query.empty() || !access.exportName.empty();
    return fmt::format("nbd{}{}://{}{}{}{}", access.tls ? "s" : "",
                       endpoint.unixSocket.empty() ? "" : "+unix", host,
                       path ? "/" : "", percentEncoded(access.exportName),
                       query);
}

} // namespace vmedia::nbd
