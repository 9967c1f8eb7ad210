// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "message.hpp"
#include "one_way.hpp"

namespace conformance
{

/// Reads what both sides of a WebSocket connection have said, right or wrong:
/// the heads of the opening handshake, the frames, and behind the frame that
/// completes it each message of NBD that their data make, where one side has
/// sent NBD's greeting. Frames that differ in their payload only and stand
/// together come as one message.
///
/// Gives:  messages with entry, kind, offset, length, bytes and fields, in
///         the order of their entries. The offset of a message of NBD is the
///         one in the data of its side.
/// Errors: none. What is no head and no frame, or was not kept, is a message
///         that says so.
std::vector<Message> decodeWebSocket(const OneWay& client,
                                     const OneWay& server);

} // namespace conformance
