// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "command.hpp"
#include "endpoint.hpp"
#include "vmedia/tls/context.hpp"

#include <optional>

namespace vmedia::nbd
{

/// --tls and its companions, checked together; no context if TLS is off.
Result<std::optional<tls::Context>> tlsContext(const ServeOptions& options,
                                               tls::Mode mode);

/// For the URI of an export that needs TLS, as a client on this machine can
/// use it: the files by their absolute paths, the first user of a PSK file.
Result<UriAccess> tlsAccess(const ServeOptions& options);

} // namespace vmedia::nbd
