// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/nbd/negotiator.hpp"

#include <string>
#include <vector>

namespace conformance::nbd
{

/// What went over the wire, a line per message: "->" is what we sent, "<-"
/// what came. Names are the spec's, long data is cut.
using Transcript = std::vector<std::string>;

/// "16 bytes: 00 00 00 04 …": the first bytes in hex, and how many there are.
std::string dump(vmedia::nbd::ByteView bytes);

std::string describe(const vmedia::nbd::OptionReply& reply);

} // namespace conformance::nbd
