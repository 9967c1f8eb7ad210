// SPDX-License-Identifier: Apache-2.0
#include "url.hpp"

#include <fmt/format.h>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <charconv>

namespace vmedia::websocket
{

Result<Url> parseUrl(std::string_view text)
{
    const auto wrong = [text](std::string_view why) {
        return fail(Errc::usage, fmt::format("'{}' {}", text, why),
                    "write wss://HOST[:PORT]/nbd/0");
    };
    // First of all: parse_uri() of Boost 1.81 aborts on "wss:^".
    if (!text.starts_with("wss://") && !text.starts_with("ws://"))
    {
        return wrong("is not a ws:// or wss:// URL");
    }
    const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
    if (!parsed)
    {
        return wrong("is not a URL");
    }
    const boost::urls::url_view& view = *parsed;
    Url url;
    if (view.has_userinfo())
    {
        return fail(Errc::usage, "the URL holds a user name or password",
                    "give --user and --password-file instead");
    }
    url.secure = view.scheme() == "wss";
    url.host = view.host_address();
    if (url.host.empty())
    {
        return wrong("names no host");
    }
    // What is decoded goes into the Host header: no %0d%0a there.
    if (view.encoded_host().find('%') != std::string_view::npos ||
        view.host_type() == boost::urls::host_type::ipvfuture)
    {
        return wrong(
            "names a host that is neither a plain name nor an address");
    }
    url.port = url.secure ? 443 : 80;
    if (view.has_port())
    {
        // port_number() is of no use: it truncates 99999 in Boost 1.81.
        const auto digits = view.port();
        const auto [end, error] = std::from_chars(
            digits.data(), digits.data() + digits.size(), url.port);
        if (error != std::errc{} || end != digits.data() + digits.size() ||
            url.port == 0)
        {
            return wrong("has no usable port");
        }
    }
    if (view.has_fragment())
    {
        return wrong("has a fragment, which a WebSocket URL must not");
    }
    url.target = std::string(view.encoded_resource());
    if (!url.target.starts_with('/')) // "wss://bmc", "wss://bmc?a=b"
    {
        url.target.insert(0, "/");
    }
    return url;
}

std::string Url::authority() const
{
    const std::string name = host.find(':') == host.npos ? host
                                                         : "[" + host + "]";
    return port == (secure ? 443 : 80) ? name
                                       : fmt::format("{}:{}", name, port);
}

std::string Url::text() const
{
    return (secure ? "wss://" : "ws://") + authority() + target;
}

} // namespace vmedia::websocket
