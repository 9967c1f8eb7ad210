// SPDX-License-Identifier: Apache-2.0
#include "target.hpp"

#include <fmt/format.h>

#include <boost/url/encode.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

namespace conformance
{
namespace urls = boost::urls;

namespace
{

constexpr uint16_t nbdPort = 10809; // "the IANA-reserved port for NBD"
constexpr std::string_view forms =
    "write nbd://HOST[:PORT][/EXPORT] or nbd+unix:///[EXPORT]?socket=PATH";

std::string encoded(std::string_view text)
{
    return urls::encode(text, urls::unreserved_chars + '/');
}

} // namespace

vmedia::Result<Target> parseTarget(std::string_view text)
{
    const auto refuse = [text](std::string_view why) {
        return vmedia::fail(vmedia::Errc::usage,
                            fmt::format("target '{}': {}", text, why),
                            std::string(forms));
    };
    const auto uri = urls::parse_uri(text);
    if (!uri)
    {
        return refuse("that is no URI");
    }
    Target target;
    const std::string_view scheme(uri->scheme());
    if (scheme == "nbd")
    {
        target.address.host = uri->host_address();
        target.address.port = uri->has_port() ? uri->port_number() : nbdPort;
        if (target.address.host.empty() || target.address.port == 0)
        {
            return refuse("no host, or no port from 1 to 65535");
        }
    }
    else if (scheme == "nbd+unix")
    {
        const auto socket = uri->params().find("socket");
        if (!uri->host().empty() || socket == uri->params().end() ||
            (*socket).value.empty())
        {
            return refuse("no ?socket=PATH in it, or a host");
        }
        target.address.socket = (*socket).value;
    }
    else
    {
        return refuse(fmt::format("'{}' is no scheme of NBD here", scheme));
    }
    if (const std::string path = uri->path(); path.size() > 1)
    {
        target.exportName = path.substr(1); // without the slash
    }
    return target;
}

std::string describe(const Address& address)
{
    return uriOf(address, {});
}

std::string uriOf(const Address& address, std::string_view exportName)
{
    const std::string name = encoded(exportName);
    if (!address.socket.empty())
    {
        return fmt::format("nbd+unix:///{}?socket={}", name,
                           encoded(address.socket));
    }
    const bool literal = address.host.find(':') != std::string::npos;
    return fmt::format("nbd://{}{}{}:{}{}{}", literal ? "[" : "", address.host,
                       literal ? "]" : "", address.port,
                       name.empty() ? "" : "/", name);
}

} // namespace conformance
