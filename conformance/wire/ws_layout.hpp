// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "message.hpp"
#include "one_way.hpp"
#include "ws_frame.hpp"

namespace conformance
{

/// The @p length bytes of @p stream from @p offset on, without a title or
/// fields; of its bytes those that were kept up to a gap.
Message messageAt(const OneWay& stream, WireKind kind, std::string_view layer,
                  uint64_t offset, uint64_t length);

/// Keeps of its bytes what people may want to see.
void shorten(Message& message);

/// Titles bytes that have no fields: "body, 12 bytes: 'not found'".
void layOutBytes(Message& message, std::string_view title);

/// Names the lines of an HTTP head.
void layOutHead(Message& message);

/// Names the fields of a frame, whose header is the first of its bytes.
void layOutFrame(const ws::Header& header, Message& message);

/// One message of @p frames, all of which are like the first.
Message folded(std::span<const Message> frames);

} // namespace conformance
