// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/nbd/peer.hpp"

namespace conformance::nbd
{

/// The bodies that NBD_OPT_INFO and NBD_OPT_GO share: "Both options have
/// identical formats for requests and replies".
namespace info
{

/// After a success NBD_OPT_GO is in transmission, NBD_OPT_INFO is not: the
/// next message shows it, and shows that no byte lies in between.
Verdict wantInStep(Peer& peer, vmedia::nbd::Opt option,
                   const std::optional<Answer>& answer);

Verdict known(Peer& peer, vmedia::nbd::Opt option);
Verdict exportAlways(Peer& peer, vmedia::nbd::Opt option);
Verdict unknownRequests(Peer& peer, vmedia::nbd::Opt option);
Verdict eachTypeOnce(Peer& peer, vmedia::nbd::Opt option);
Verdict unknownName(Peer& peer, vmedia::nbd::Opt option);
Verdict unknownNameBare(Peer& peer, vmedia::nbd::Opt option);
Verdict dataTooShort(Peer& peer, vmedia::nbd::Opt option);
Verdict nameBeyondData(Peer& peer, vmedia::nbd::Opt option);
Verdict nameLengthHuge(Peer& peer, vmedia::nbd::Opt option);
Verdict requestsBeyondData(Peer& peer, vmedia::nbd::Opt option);
Verdict trailingData(Peer& peer, vmedia::nbd::Opt option);
Verdict longestName(Peer& peer, vmedia::nbd::Opt option);
Verdict nameTooLong(Peer& peer, vmedia::nbd::Opt option);
Verdict nameWithNul(Peer& peer, vmedia::nbd::Opt option);
Verdict requestsBeforeEnd(Peer& peer, vmedia::nbd::Opt option);
Verdict emptyName(Peer& peer, vmedia::nbd::Opt option);
Verdict nameNotText(Peer& peer, vmedia::nbd::Opt option);
Verdict askedTwice(Peer& peer, vmedia::nbd::Opt option);
Verdict textsAreStrings(Peer& peer, vmedia::nbd::Opt option);
Verdict nameAsListed(Peer& peer, vmedia::nbd::Opt option);

} // namespace info

} // namespace conformance::nbd
