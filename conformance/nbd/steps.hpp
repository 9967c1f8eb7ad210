// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/nbd/peer.hpp"

#include <chrono>

namespace conformance::nbd
{

/// Every read here is that long: safe with every server ("Size constraints").
inline constexpr uint32_t block = 512;

/// NBD_OPT_GO; gives the export's size, or 0 and the verdict why not.
uint64_t go(Peer& peer);

/// The option as it goes over the wire.
vmedia::nbd::Bytes optionBytes(vmedia::nbd::Opt option,
                               vmedia::nbd::ByteView data = {});
vmedia::nbd::Bytes requestBytes(vmedia::nbd::Cmd type, uint64_t cookie,
                                uint64_t offset, uint32_t length);

/// What came of @p other becomes what came of @p peer.
void adopt(Peer& peer, const Peer& other);

/// Another client is served as if there were no first one.
Verdict wantOthersServed(Peer& peer);

/// After all clients have left, no process of the target runs for nothing.
Verdict wantNoSpin(Peer& peer);

} // namespace conformance::nbd
