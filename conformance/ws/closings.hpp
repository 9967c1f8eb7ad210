// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/ws/peer.hpp"

#include <initializer_list>

namespace conformance::ws
{

// What a case about the end of a WebSocket does, most of the time.

/// Opens, and says Close with @p code and @p reason, which are all right.
///
///   Close with one of @p codes (0: none), the end ... pass
///   1002 or 1007: as if it were a bad Close ......... fail
///   another code .................................... warn
///   no Close, a code that nobody may send, no end ... fail
Verdict closes(Peer& peer, std::optional<uint16_t> code,
               std::string_view reason, std::initializer_list<uint16_t> codes);

/// Opens, and sends a Close frame that breaks a rule.
///
///   Close with one of @p codes, then the end ........ pass
///   another code .................................... warn
///   the end without a Close (7.1.7, SHOULD) ......... warn
///   the connection left open after its Close ........ warn
///   an answer as to a good Close: without a code, with 1000, with its own
///   code, or with one that nobody may send .......... fail
///   nothing ......................................... fail
Verdict refusesClose(Peer& peer, ByteView body,
                     std::initializer_list<uint16_t> codes = {1002});

/// The target ends the session, whatever data comes before.
///
///   Close with one of @p codes (any, if there are none), the end ... pass
///   another code, or the end without a Close ....................... warn
///   a code that nobody may send, or no end ......................... fail
void wantLeave(Peer& peer, std::initializer_list<uint16_t> codes);

/// The connection ends; a Close frame before that is allowed.
void wantGone(Peer& peer);

/// Says first what NBD is to hear, with a wrong magic. Nothing, and false, if
/// nothing behind the target speaks NBD.
bool breakNbd(Peer& peer);

/// A new client gets in, and out well; see Peer::mayBeBusy().
void wantFreeSlot(Peer& peer);

} // namespace conformance::ws
