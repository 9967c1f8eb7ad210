// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/target.hpp"
#include "conformance/transport/tls_client.hpp"
#include "conformance/ws/handshake.hpp"
#include "conformance/ws/needs.hpp"
#include "vmedia/error/error.hpp"

#include <optional>
#include <string>

namespace conformance::ws
{

/// What speaks behind the WebSocket (table 1.1 of the catalogue).
enum class Role : uint8_t
{
    echo,    ///< sends back what it gets
    gateway, ///< an NBD server
    bmc,     ///< an NBD client
};

/// Where a WebSocket server is, and what a request needs to get in.
struct Endpoint
{
    Address address{};
    bool secure = false;       ///< wss
    std::string host{};        ///< as the Host field says it
    std::string target = "/";  ///< path and query
    Fields credentials{};      ///< such as Authorization
    TlsWish tls{};             ///< who we are, and whom we trust, with wss
    std::string subprotocol{}; ///< offered where there is one

    /// The request that opens it, if the server does all right.
    Request request(std::string_view key) const;
};

/// ws://HOST[:PORT]/PATH, wss://…, ws+unix:///PATH?socket=FILE or wss+unix.
///
/// Errors: Errc::usage; the text names the URL, the hint the right forms.
vmedia::Result<Endpoint> parseEndpoint(std::string_view url);

/// The same as text.
std::string urlOf(const Endpoint& endpoint);

/// What becomes of a text message.
enum class TextPolicy : uint8_t
{
    rejected,  ///< the connection is closed, with 1003 if all is well
    delivered, ///< its bytes are data
    lost,      ///< it vanishes
};

/// What is known of the target: told, or found out by the probe.
struct Profile
{
    Endpoint endpoint{};
    Needs offers{};                   ///< told by a profile
    std::optional<Role> role{};       ///< none: it carries nothing that we know
    std::string secondSlot{};         ///< another path, with Needs::twoSlots
    size_t inFlight = 0;              ///< requests of an NBD client; 0: unknown
    bool oneClient = false;           ///< a second client is refused
    std::optional<TextPolicy> text{}; ///< none: it could not be seen
    bool deflates = false;            ///< it agrees to permessage-deflate
    std::string image{};              ///< a client's {image}, with Needs::image
};

std::string_view nameOf(Role role);

/// "an NBD server is behind it; one client at a time; text is rejected"
std::string describe(const Profile& profile);

} // namespace conformance::ws
