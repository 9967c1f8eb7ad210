// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "message.hpp"
#include "one_way.hpp"

namespace conformance
{

/// The HTTP of one side of a WebSocket connection: the heads, and bodies.
struct WsHeads
{
    std::vector<Message> messages{};
    uint64_t end = 0;               ///< where frames begin; size() if nowhere
    std::optional<size_t> opened{}; ///< the number of the answer that was 101
};

WsHeads readAnswers(const OneWay& server);

/// @p opened tells which request was the last one, if one opened a WebSocket;
/// else what looks like no text is no request.
WsHeads readRequests(const OneWay& client, std::optional<size_t> opened);

} // namespace conformance
