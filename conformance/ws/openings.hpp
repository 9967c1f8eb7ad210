// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/ws/peer.hpp"

#include <initializer_list>

namespace conformance::ws
{

// What a case about the opening handshake does, most of the time: one request,
// and a WebSocket or none.

/// Opens with @p request, and closes well.
Verdict opens(Peer& peer, const Request& request);

/// Does not open: see Peer::wantRefused().
Verdict refuses(Peer& peer, const Request& request,
                std::initializer_list<int> statuses = {});

/// Opens or refuses, and that is told. @p what names the choice.
Verdict tells(Peer& peer, const Request& request, std::string_view what);

/// A head as it stands, of a client whose key is @p key.
Verdict refusesHead(Peer& peer, std::string_view head, std::string_view what,
                    std::initializer_list<int> statuses = {});

/// @p head, whatever it is: an error status or the end, and no 101.
Verdict endsAfter(Peer& peer, std::string_view head, std::string_view what);

} // namespace conformance::ws
