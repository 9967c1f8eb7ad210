// SPDX-License-Identifier: Apache-2.0
#include "image_url.hpp"

#include "vmedia/error/text.hpp"

#include <fmt/format.h>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

namespace vmedia::remote
{

namespace
{

constexpr size_t textMax = 2048; // as Redfish clients and browsers hold it
constexpr uint16_t httpsPort = 443;
constexpr uint16_t smbPort = 445;

constexpr std::string_view wanted =
    "write https://HOST[:PORT]/PATH or smb://HOST/SHARE/PATH";

/// @p part with each %XX as its byte; none if that is no name of a file on a
/// share: a separator, a control character, a step up or nowhere.
std::optional<std::string> fileName(std::string_view part)
{
    std::string name;
    for (size_t at = 0; at < part.size(); ++at)
    {
        if (part[at] != '%')
        {
            name += part[at];
            continue;
        }
        unsigned value = 0; // two hex digits follow: it is a URL
        std::from_chars(part.data() + at + 1, part.data() + at + 3, value, 16);
        name += static_cast<char>(value);
        at += 2;
    }
    const bool isPlain = std::ranges::none_of(name, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f || c == '/' || c == '\\';
    });
    if (!isPlain || name.empty() || name == "." || name == ".." ||
        utf8End(name) != name.size())
    {
        return std::nullopt;
    }
    return name;
}

/// Fills in share and path; false if @p path holds none.
bool splitShare(std::string_view path, ImageUrl& url)
{
    path.remove_prefix(path.starts_with('/') ? 1 : 0);
    for (size_t at = 0; at <= path.size();)
    {
        const size_t end = std::min(path.find('/', at), path.size());
        const auto name = fileName(path.substr(at, end - at));
        if (!name)
        {
            return false;
        }
        if (url.share.empty())
        {
            url.share = *name;
        }
        else
        {
            url.path += url.path.empty() ? "" : "/";
            url.path += *name;
        }
        at = end + 1;
    }
    return !url.path.empty();
}

/// As it stands in a URL: what RFC 3986 calls unreserved, and '/'.
std::string encoded(std::string_view path)
{
    std::string text;
    for (const char c : path)
    {
        const bool isPlain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') ||
                             std::string_view("-._~/").find(c) !=
                                 std::string_view::npos;
        if (isPlain)
        {
            text += c;
        }
        else
        {
            text += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return text;
}

} // namespace

Result<ImageUrl> parseImageUrl(std::string_view text)
{
    const auto wrong = [text](std::string_view why) {
        return fail(Errc::usage, fmt::format("{} {}", printable(text), why),
                    std::string(wanted));
    };
    if (text.size() > textMax)
    {
        return fail(Errc::usage,
                    fmt::format("a URL of {} characters is too long, at most "
                                "{} are taken",
                                text.size(), textMax),
                    std::string(wanted));
    }
    ImageUrl url;
    if (text.starts_with("smb://"))
    {
        url.scheme = Scheme::smb;
        url.port = smbPort;
    }
    // First of all: parse_uri() of Boost 1.81 aborts on "wss:^".
    else if (!text.starts_with("https://"))
    {
        return wrong("is no https:// or smb:// URL");
    }
    const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
    if (!parsed)
    {
        return wrong("is not a URL");
    }
    const boost::urls::url_view& view = *parsed;
    if (view.has_userinfo())
    {
        return fail(Errc::usage, "the URL holds a user name or password",
                    "give them through the pipe instead");
    }
    url.host = view.host_address();
    if (url.host.empty())
    {
        return wrong("names no host");
    }
    if (view.encoded_host().find('%') != std::string_view::npos ||
        view.host_type() == boost::urls::host_type::ipvfuture ||
        url.host.find(',') != std::string::npos || url.host.front() == '-')
    {
        return wrong(
            "names a host that is neither a plain name nor an address");
    }
    if (view.has_port())
    {
        // port_number() is of no use: it truncates 99999 in Boost 1.81.
        const auto digits = view.port();
        const char* const last = digits.data() + digits.size();
        const auto [end, error] = std::from_chars(digits.data(), last,
                                                  url.port);
        if (error != std::errc{} || end != last || url.port == 0)
        {
            return wrong("has no usable port");
        }
    }
    if (view.has_fragment())
    {
        return wrong("has a fragment, which names no file");
    }
    if (url.scheme == Scheme::https)
    {
        const auto resource = view.encoded_resource();
        url.resource = fmt::format("{}{}", resource.starts_with('/') ? "" : "/",
                                   std::string_view(resource));
        return url;
    }
    const auto path = view.encoded_path();
    if (view.has_query() || !splitShare({path.data(), path.size()}, url))
    {
        return wrong("names no file on a share");
    }
    return url;
}

std::string ImageUrl::text() const
{
    const bool isHttps = scheme == Scheme::https;
    std::string authority = host.find(':') == host.npos ? host
                                                        : "[" + host + "]";
    if (port != (isHttps ? httpsPort : smbPort))
    {
        authority += fmt::format(":{}", port);
    }
    return isHttps ? fmt::format("https://{}{}", authority, resource)
                   : fmt::format("smb://{}/{}/{}", authority, encoded(share),
                                 encoded(path));
}

} // namespace vmedia::remote
