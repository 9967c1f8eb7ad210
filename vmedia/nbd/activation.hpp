// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "endpoint.hpp"
#include "vmedia/error/error.hpp"

#include <optional>

namespace vmedia::nbd
{

/// The listening socket, unix or TCP, that a service manager passed to this
/// process, or nothing: systemd's socket activation, which libnbd's tools do
/// as well.
///
/// Owner:  the caller, of the descriptor. Our children do not inherit it, nor
///         the environment variables that told of it.
/// Errors: several sockets, or one that does not listen or is of another kind.
/// Source: sd_listen_fds(3).
Result<std::optional<Endpoint>> passedEndpoint();

} // namespace vmedia::nbd
