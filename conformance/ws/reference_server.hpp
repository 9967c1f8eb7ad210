// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "server_engine.hpp"
#include "vmedia/error/error.hpp"

#include <string>
#include <vector>

namespace conformance::ws
{

struct ServerOptions
{
    std::string listen = "127.0.0.1:0";
    std::string socket{};          ///< a path; if given, in the place of listen
    std::string certificate{};     ///< PEM files; none: no TLS
    std::string key{};
    std::string clientAuthority{}; ///< none: clients need no certificate
    std::vector<std::string> command{}; ///< none: what comes is sent back
    Terms terms{};
    Deviation deviation{};
};

/// Prints "listening on URL" and serves, 64 clients at a time at most, until
/// SIGTERM or SIGINT: then each gets Close 1001.
///
/// Errors: what cannot be listened on or loaded, by name.
vmedia::Result<void> serve(const ServerOptions& options);

} // namespace conformance::ws
