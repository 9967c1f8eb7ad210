// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/nbd/exchange.hpp"
#include "conformance/nbd/work_area.hpp"

#include <vector>

namespace conformance::nbd
{

/// "32 bits, length of the extent …; 32 bits, status flags"
struct Descriptor
{
    uint32_t length;
    uint32_t status;
};

/// What is told of a range, in the one context that Form::statuses selects.
/// At least one descriptor, else the verdict tells why.
std::vector<Descriptor> statusOf(Exchange& io, uint64_t offset, uint32_t length,
                                 uint16_t flags = 0);

/// Data and zeroes in turn, so that there is something to tell.
void makePattern(Exchange& io, const WorkArea& area);

} // namespace conformance::nbd
