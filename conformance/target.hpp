// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace conformance
{

/// Where a server listens: a unix socket if `socket` is set, else TCP.
struct Address
{
    std::string socket{};
    std::string host{};
    uint16_t port = 0;
    bool operator==(const Address&) const = default;
};

std::string describe(const Address& address);

struct Target
{
    Address address;
    std::optional<std::string> exportName{}; ///< none: ask the server
};

/// nbd://HOST[:PORT][/EXPORT] or nbd+unix:///[EXPORT]?socket=PATH
///
/// Source: doc/uri.md of the NBD project. A URI without an export leaves the
///         choice to us, so that a server without a default export works.
/// Errors: Errc::usage; the text names the URI, the hint the right forms.
vmedia::Result<Target> parseTarget(std::string_view uri);

/// The URI of @p address and @p exportName, for a line that repeats a run.
std::string uriOf(const Address& address, std::string_view exportName);

} // namespace conformance
