// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/ws/target.hpp"

#include <string>

namespace CLI
{
class App;
}

namespace conformance::ws
{

/// What the command line says of how to get into a target that is there.
struct Access
{
    std::string user{};
    std::string passwordFile{};
    std::string tokenFile{};
    std::string certificate{}; ///< PEM, of a client
    std::string key{};
    std::string authorities{}; ///< PEM; empty: those of the system
    bool insecure = false;
};

void addAccessOptions(CLI::App& command, Access& access);

/// As a shell takes it, with a blank before each; "" if nothing was given
std::string optionsOf(const Access& access);

/// Puts it into @p endpoint.
///
/// Errors: Errc::usage; a file cannot be read, or what was given makes no
///         sense together.
vmedia::Result<void> apply(const Access& access, Endpoint& endpoint);

/// "Basic …" (RFC 7617)
std::string basic(std::string_view user, std::string_view password);

} // namespace conformance::ws
