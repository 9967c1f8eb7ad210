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
    "write nbd://HOST[:PORT][/EXPORT] or nbd+unix:///[EXPORT]?socket=PATH, or "
    "with TLS nbds://HOST/?tls-certificates=DIR, "
    "nbds+unix:///?socket=PATH&tls-psk-file=FILE";

std::string encoded(std::string_view text)
{
    return urls::encode(text, urls::unreserved_chars + '/');
}

struct Scheme
{
    std::string_view text;
    bool secured;
    bool onUnix;
};

std::optional<Scheme> schemeOf(std::string_view uri)
{
    for (const Scheme one :
         {Scheme{"nbd://", false, false}, Scheme{"nbds://", true, false},
          Scheme{"nbd+unix://", false, true},
          Scheme{"nbds+unix://", true, true}})
    {
        if (uri.starts_with(one.text))
        {
            return one;
        }
    }
    return std::nullopt;
}

std::optional<bool> truthOf(std::string_view word)
{
    const auto is = [word](auto... words) { return ((word == words) || ...); };
    if (is("true", "yes", "on", "1"))
    {
        return true;
    }
    return is("false", "no", "off", "0") ? std::optional(false) : std::nullopt;
}

/// One parameter of the query; gives what is wrong with it, or "".
std::string take(Target& target, const std::string& key,
                 const std::string& value)
{
    if (key == "socket")
    {
        target.address.socket = value;
        return value.empty() ? "socket= is empty" : "";
    }
    if (!key.starts_with("tls-"))
    {
        return fmt::format("'{}' is no parameter of it", key);
    }
    if (!target.tls)
    {
        return fmt::format("{} needs the scheme nbds or nbds+unix", key);
    }
    TlsAccess& tls = *target.tls;
    if (key == "tls-verify-peer")
    {
        tls.verifyPeer = truthOf(value);
        return tls.verifyPeer
                   ? ""
                   : fmt::format("{}={} is neither true nor false", key, value);
    }
    std::string* const text = key == "tls-certificates" ? &tls.certificates
                              : key == "tls-psk-file"   ? &tls.pskFile
                              : key == "tls-username"   ? &tls.username
                              : key == "tls-hostname"   ? &tls.hostname
                                                        : nullptr;
    if (text == nullptr)
    {
        return fmt::format("'{}' is no parameter of it", key);
    }
    *text = value;
    return value.empty() ? key + "= is empty" : "";
}

/// What does not go together, or "".
std::string_view contradiction(const TlsAccess& tls)
{
    if (!tls.certificates.empty() && !tls.pskFile.empty())
    {
        return "tls-certificates and tls-psk-file are both given: one at a "
               "time";
    }
    if (!tls.username.empty() && tls.pskFile.empty())
    {
        return "a user is given, and no tls-psk-file with the user's key";
    }
    if (tls.verifyPeer.value_or(false) && tls.certificates.empty())
    {
        return "tls-verify-peer needs tls-certificates with a ca-cert.pem";
    }
    if (!tls.hostname.empty() &&
        (tls.certificates.empty() || !tls.verifyPeer.value_or(true)))
    {
        return "tls-hostname is given, and no certificate is verified";
    }
    return {};
}

} // namespace

vmedia::Result<Target> parseTarget(std::string_view text)
{
    const auto refuse = [text](std::string_view why) {
        return vmedia::fail(vmedia::Errc::usage,
                            fmt::format("target '{}': {}", text, why),
                            std::string(forms));
    };
    // First of all: parse_uri() of Boost 1.81 aborts on some that begin so.
    const auto scheme = schemeOf(text);
    if (!scheme)
    {
        return refuse("that is no URI of NBD");
    }
    const auto uri = urls::parse_uri(text);
    if (!uri)
    {
        return refuse("that is no URI");
    }
    Target target;
    if (scheme->secured)
    {
        target.tls.emplace().username = uri->user();
    }
    for (const auto& one : uri->params())
    {
        const std::string why = take(target, one.key, one.value);
        if (!why.empty())
        {
            return refuse(why);
        }
    }
    if (scheme->onUnix &&
        (!uri->host().empty() || target.address.socket.empty()))
    {
        return refuse("no ?socket=PATH in it, or a host");
    }
    if (!scheme->onUnix)
    {
        target.address.host = uri->host_address();
        target.address.port = uri->has_port() ? uri->port_number() : nbdPort;
        if (target.address.host.empty() || target.address.port == 0)
        {
            return refuse("no host, or no port from 1 to 65535");
        }
        if (!target.address.socket.empty())
        {
            return refuse("socket= needs the scheme nbd+unix or nbds+unix");
        }
    }
    if (target.tls)
    {
        if (const auto why = contradiction(*target.tls); !why.empty())
        {
            return refuse(why);
        }
    }
    if (const std::string path = uri->path(); path.size() > 1)
    {
        target.exportName = path.substr(1); // without the slash
    }
    return target;
}

std::string uriOf(const Address& address, std::string_view exportName)
{
    const std::string name = encoded(exportName);
    return address.socket.empty()
               ? fmt::format("nbd://{}{}{}", describe(address),
                             name.empty() ? "" : "/", name)
               : fmt::format("nbd+unix:///{}?socket={}", name,
                             encoded(address.socket));
}

} // namespace conformance
