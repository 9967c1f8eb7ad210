// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conformance::nbd
{

/// What a case needs of a target, and what a way to start one offers: a set.
enum class Needs : uint32_t
{
    plain = 1U << 0,         ///< all is served without TLS
    readOnly = 1U << 1,      ///< writes are refused; else they are taken
    blockSize = 1U << 2,     ///< the minimum block size is 4096
    large = 1U << 3,         ///< 6 GiB
    tlsOn = 1U << 4,         ///< TLS at the client's option (SELECTIVETLS)
    tlsRequired = 1U << 5,   ///< nothing before TLS (FORCEDTLS)
    tlsOnlyExport = 1U << 6, ///< one export among others is forced
    psk = 1U << 7,           ///< the credentials are pre-shared keys
    certificate = 1U << 8,   ///< the server has a certificate
    verifyPeer = 1U << 9,    ///< and the client needs one, too
    crl = 1U << 10,          ///< and that is not to be revoked
    anyPeer = 1U << 11,      ///< and nobody looks at the client's
    slow = 1U << 12,         ///< a read takes some 100 ms
    ownKeys = 1U << 13,      ///< the suite made all credentials: more than one
    failing = 1U << 14,      ///< each read and write of the storage fails
    full = 1U << 15,         ///< the storage has no room for a write
    flushFails = 1U << 16,   ///< data does not get to stable storage
    fragmented = 1U << 17,   ///< more than a million extents
    severalExports = 1U << 18,
};

constexpr Needs operator|(Needs a, Needs b)
{
    return Needs{static_cast<uint32_t>(a) | static_cast<uint32_t>(b)};
}

constexpr bool covers(Needs offered, Needs needed)
{
    return (static_cast<uint32_t>(needed) & ~static_cast<uint32_t>(offered)) ==
           0;
}

/// What is left of @p needs where a case can see for itself what there is: on
/// a target of which nothing was told.
constexpr Needs untold(Needs needs)
{
    constexpr Needs seen = Needs::readOnly | Needs::blockSize | Needs::large |
                           Needs::severalExports;
    return Needs{static_cast<uint32_t>(needs) & ~static_cast<uint32_t>(seen)};
}

/// One of them by the word that a target profile has for it, "tls-required".
std::optional<Needs> parseNeed(std::string_view word);

/// "tls-required, psk"
std::string describe(Needs needs);

/// "tls-required: nothing before TLS", a line for each.
std::vector<std::string> explain(Needs needs);

} // namespace conformance::nbd
