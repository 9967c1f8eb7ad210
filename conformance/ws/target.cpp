// SPDX-License-Identifier: Apache-2.0
#include "target.hpp"

#include <fmt/format.h>

#include <boost/url/parse.hpp>

namespace conformance::ws
{

namespace urls = boost::urls;

vmedia::Result<Endpoint> parseEndpoint(std::string_view url)
{
    const auto refuse = [url](std::string_view why) {
        return vmedia::fail(vmedia::Errc::usage,
                            fmt::format("target '{}': {}", url, why),
                            "write ws://HOST[:PORT]/PATH, wss://… or "
                            "ws+unix:///PATH?socket=FILE");
    };
    const auto uri = urls::parse_uri(url);
    if (!uri)
    {
        return refuse("that is no URL");
    }
    if (uri->has_userinfo())
    {
        return refuse("a name in it; command lines can be read by everybody, "
                      "give --user and --password-file");
    }
    if (uri->has_fragment())
    {
        return refuse("a fragment, which RFC 6455 forbids");
    }
    Endpoint endpoint;
    const std::string_view scheme(uri->scheme());
    endpoint.secure = scheme.starts_with("wss");
    endpoint.target =
        uri->encoded_path().empty() ? "/" : std::string(uri->encoded_path());
    if (scheme == "ws" || scheme == "wss")
    {
        constexpr uint16_t http = 80;
        constexpr uint16_t https = 443;
        endpoint.address.host = uri->host_address();
        endpoint.address.port = uri->has_port()   ? uri->port_number()
                                : endpoint.secure ? https
                                                  : http;
        if (endpoint.address.host.empty() || endpoint.address.port == 0)
        {
            return refuse("no host, or no port from 1 to 65535");
        }
        endpoint.host = std::string(uri->encoded_host_and_port());
        if (uri->has_query())
        {
            endpoint.target += "?" + std::string(uri->encoded_query());
        }
        return endpoint;
    }
    const auto socket = uri->params().find("socket");
    if ((scheme != "ws+unix" && scheme != "wss+unix") ||
        socket == uri->params().end() || (*socket).value.empty())
    {
        return refuse("neither ws nor wss, or no ?socket=FILE in it");
    }
    endpoint.address.socket = (*socket).value;
    endpoint.host = "localhost";
    return endpoint;
}

std::string urlOf(const Endpoint& endpoint)
{
    const std::string_view scheme = endpoint.secure ? "wss" : "ws";
    const Address& at = endpoint.address;
    return at.socket.empty() ? fmt::format("{}://{}{}", scheme, endpoint.host,
                                           endpoint.target)
                             : fmt::format("{}+unix://{}?socket={}", scheme,
                                           endpoint.target, at.socket);
}

Request Endpoint::request(std::string_view key) const
{
    Request made = upgradeRequest(host, target, key);
    for (const auto& [name, value] : credentials)
    {
        made.add(name, value);
    }
    if (!subprotocol.empty())
    {
        made.add("Sec-WebSocket-Protocol", subprotocol);
    }
    return made;
}

std::string_view nameOf(Role role)
{
    switch (role)
    {
        case Role::echo:
            return "echo";
        case Role::gateway:
            return "gateway";
        case Role::bmc:
            break;
    }
    return "bmc";
}

std::string describe(const Profile& profile)
{
    std::string text = !profile.role ? "what is behind it is unknown"
                       : *profile.role == Role::echo
                           ? "it sends back what it gets"
                       : *profile.role == Role::bmc
                           ? "an NBD client is behind it"
                           : "an NBD server is behind it";
    text += profile.oneClient ? "; one client at a time"
                              : "; several clients at a time";
    if (profile.text)
    {
        text += *profile.text == TextPolicy::rejected    ? "; text is rejected"
                : *profile.text == TextPolicy::delivered ? "; text is data"
                                                         : "; text is lost";
    }
    return text + (profile.deflates ? "; permessage-deflate" : "");
}

} // namespace conformance::ws
