// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/nbd/negotiator.hpp"

#include <string>

namespace conformance::nbd
{

/// "16 bytes: 00 00 00 04 …": the first bytes in hex, and how many there are.
std::string dump(vmedia::nbd::ByteView bytes);

std::string describe(const vmedia::nbd::OptionReply& reply);

} // namespace conformance::nbd
