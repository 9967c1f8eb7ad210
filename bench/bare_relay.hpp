// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <string>

namespace bench
{

struct BareRelayOptions
{
    uint16_t port = 0;
    std::string unixSocket;
    std::string certificates{}; ///< a directory; not empty: TLS is required
};

/// Bytes between a TCP client and a unix socket, whatever they mean: what a
/// relay on this machine could carry if a WebSocket cost nothing.
///
/// Threads: one, and one client at a time. Ends with the signal that stops it.
/// Errors:  the listening socket. A client that fails is dropped.
vmedia::Result<void> runBareRelay(const BareRelayOptions& options);

} // namespace bench
