// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/nbd/profile.hpp"
#include "conformance/target.hpp"

#include <chrono>

namespace conformance::nbd
{

/// What a URI says of TLS, as a client that comes with it.
///
/// Errors: Errc::usage and what the system says of a file; the text names it.
vmedia::Result<TlsWish> credentialsOf(const TlsAccess& access,
                                      const Address& address);

/// What probe() is to be told of a target of scheme nbds: which credentials,
/// and what the target itself shows of its TLS: required or optional, whether
/// it wants a certificate of its clients.
///
/// Errors: of credentialsOf(); Errc::refused if it has no TLS, or none for
///         these credentials.
vmedia::Result<Profile> lookAtTls(const Target& target,
                                  std::chrono::milliseconds deadline);

} // namespace conformance::nbd
