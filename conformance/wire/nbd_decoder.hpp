// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "message.hpp"
#include "one_way.hpp"

namespace conformance
{

/// Reads what both sides of an NBD connection have said, right or wrong.
///
/// Gives:  messages with entry, kind, offset, length, bytes and fields; those
///         of the client, then those of the server.
/// Errors: none. What is no message, or was not kept, is a message that says
///         so, and reading goes on at the next magic number.
std::vector<Message> decodeNbd(const OneWay& client, const OneWay& server);

} // namespace conformance
