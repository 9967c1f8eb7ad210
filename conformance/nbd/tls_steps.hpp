// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/nbd/steps.hpp"

/// What the cases about TLS share.
namespace conformance::nbd
{

inline constexpr std::string_view tlsSpec = "proto.md, TLS support";
inline constexpr std::string_view modesSpec =
    "proto.md, TLS support, Server-side requirements";
inline constexpr std::string_view requiredSpec =
    "proto.md, TLS support, Server-side requirements, FORCEDTLS mode";
inline constexpr std::string_view authSpec =
    "proto.md, TLS support, Certificates, authentication and authorisation";
inline constexpr std::string_view handshakeFails =
    "If the handshake is unsuccessful (for instance the client's certificate "
    "does not match) the server MUST terminate the session";
inline constexpr std::string_view noNbd =
    "a closed connection, and no byte of NBD";

inline constexpr Needs required = Needs::tlsRequired;

// Before TLS

vmedia::nbd::Bytes filled(size_t size);

/// Options that a server may or may not know, with data that is right.
std::vector<std::pair<vmedia::nbd::Opt, vmedia::nbd::Bytes>>
    commonOptions(const Peer& peer);

/// The answer to that option is not NBD_REP_ERR_TLS_REQD.
void wantNotRequired(Peer& peer, vmedia::nbd::Opt option,
                     vmedia::nbd::ByteView data);

/// NBD_REP_ERR_TLS_REQD, and nothing that tells more.
std::optional<Answer> wantRequired(Peer& peer, vmedia::nbd::Opt option,
                                   vmedia::nbd::ByteView data = {});

/// NBD_OPT_EXPORT_NAME, after which there is no way to refuse.
Verdict wantTerminated(Peer& peer, std::string_view name);

// From NBD_OPT_STARTTLS on

/// NBD_OPT_STARTTLS, and go() after it.
uint64_t goOverTls(Peer& peer);

/// TLS with that client, and an export in it.
void wantServed(Peer& peer, const TlsWish& with);

Verdict wantRefused(Peer& peer, const TlsWish& with);

/// Bytes below TLS are none of NBD's: no reply in clear, and then the end.
Verdict wantNothingPlain(Peer& peer);

/// Sends what the client's half of TLS has made by itself.
void flush(Peer& peer, std::string what);

} // namespace conformance::nbd
