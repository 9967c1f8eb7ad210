// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/nbd/pack.hpp"

#include <string>

namespace conformance
{

/// "16 bytes: 00 00 00 04 …": the first bytes in hex, and how many there are.
std::string dump(vmedia::nbd::ByteView bytes);

} // namespace conformance
