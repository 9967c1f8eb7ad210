// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/nbd/session.hpp"

/// What the server under test has on offer.
namespace vmedia::nbd::fuzz
{

constexpr uint64_t diskSize = (130 << 10) + 1; ///< of no block size a multiple
constexpr uint64_t hugeSize = (1ULL << 63) - 1;
constexpr uint32_t payloadMax = 96 << 10;
constexpr uint32_t skippedMax = 192 << 10;

/// "" and "nobody" are no exports; "secret" is one after TLS only, where there
/// is TLS.
constexpr std::string_view exportNames[] = {
    "disk", "disk", "disk", "pattern", "null", "file", "secret", "", "nobody"};

/// Small enough for an input to reach them.
constexpr NegotiationLimits negotiationLimits{64, 512, 1 << 12};
constexpr TransmissionLimits transmissionLimits{payloadMax, skippedMax};

/// A fresh one. What is in the file is fileContent(), read-only.
Catalogue makeOffer();

ByteView fileContent();

} // namespace vmedia::nbd::fuzz
