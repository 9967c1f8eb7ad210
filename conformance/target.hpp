// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/transport/address.hpp"
#include "vmedia/error/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace conformance
{

/// What a URI says of TLS.
struct TlsAccess
{
    std::string certificates{};       ///< a directory
    std::string pskFile{};
    std::string username{};           ///< "" for the first of the file
    std::string hostname{};           ///< that the certificate has to have
    std::optional<bool> verifyPeer{}; ///< none: where there is an authority
    bool operator==(const TlsAccess&) const = default;
};

struct Target
{
    Address address;
    std::optional<std::string> exportName{}; ///< none: ask the server
    std::optional<TlsAccess> tls{};          ///< nbds, nbds+unix
};

/// nbd://HOST[:PORT][/EXPORT] or nbd+unix:///[EXPORT]?socket=PATH, or the same
/// with nbds and tls-certificates=DIR, tls-psk-file=FILE, tls-username=NAME
/// (or NAME@HOST), tls-hostname=NAME, tls-verify-peer=true.
///
/// Source: doc/uri.md of the NBD project; nbd_connect_uri(3). A URI without an
///         export leaves the choice to us, so that a server without a default
///         export works.
/// Errors: Errc::usage; the text names the URI, the hint the right forms. No
///         file is looked at.
vmedia::Result<Target> parseTarget(std::string_view uri);

/// The URI of @p address and @p exportName, for a line that repeats a run.
std::string uriOf(const Address& address, std::string_view exportName);

} // namespace conformance
