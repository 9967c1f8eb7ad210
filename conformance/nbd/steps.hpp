// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/nbd/peer.hpp"

#include <chrono>

namespace conformance::nbd
{

/// Every read here is that long: a multiple of the block sizes in use.
inline constexpr uint32_t block = 4096;

/// NBD_OPT_GO; gives the export's size, or 0 and the verdict why not.
uint64_t go(Peer& peer);

/// The minimum block size that NBD_OPT_INFO tells; 0 if it tells none.
uint32_t minimumTold(Peer& peer);

/// The option is acknowledged, or the case is not about this server.
void needOption(Peer& peer, vmedia::nbd::Opt option,
                vmedia::nbd::ByteView data = {});

/// A query for base:allocation of the export: the data of either option.
vmedia::nbd::Bytes allocationQuery(const Peer& peer);

/// NBD_OPT_SET_META_CONTEXT with that; gives the context's id, or 0 and the
/// verdict why not.
uint32_t selectAllocation(Peer& peer);

/// The option as it goes over the wire.
vmedia::nbd::Bytes optionBytes(vmedia::nbd::Opt option,
                               vmedia::nbd::ByteView data = {});
vmedia::nbd::Bytes requestBytes(const vmedia::nbd::Request& request,
                                vmedia::nbd::ByteView payload = {});

/// What came of @p other becomes what came of @p peer.
void adopt(Peer& peer, const Peer& other);

/// A script on a connection of its own, which is started.
template <typename Script>
void onAnother(Peer& peer, Script script)
{
    Peer other = peer.another();
    other.start();
    script(other);
    adopt(peer, other);
}

/// Another client is served as if there were no first one.
Verdict wantOthersServed(Peer& peer);

/// After all clients have left, no process of the target runs for nothing.
Verdict wantNoSpin(Peer& peer);

} // namespace conformance::nbd
