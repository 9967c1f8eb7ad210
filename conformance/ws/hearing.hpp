// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "peer.hpp"

#include <string_view>

namespace conformance::ws
{

/// A session in which each kind of frame that the peer sends should come.
void hearAll(Peer& peer);

/// All frames of such a session are right.
Verdict sendsOnly(Peer& peer, bool (*isRight)(const Header&),
                  std::string_view wanted);

} // namespace conformance::ws
