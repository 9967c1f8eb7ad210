// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>

/// Flags as the spec names them: "0x3: NBD_FLAG_FIXED_NEWSTYLE,
/// NBD_FLAG_NO_ZEROES". A bit without a name is in the number only.
namespace vmedia::nbd
{

std::string handshakeFlagNames(uint16_t flags);
std::string clientFlagNames(uint32_t flags);
std::string transmissionFlagNames(uint16_t flags);
std::string commandFlagNames(uint16_t flags);
std::string replyFlagNames(uint16_t flags);
/// Of an extent in base:allocation
std::string allocationFlagNames(uint64_t flags);

} // namespace vmedia::nbd
