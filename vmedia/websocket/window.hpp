// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>

namespace vmedia::websocket
{

/// What the relay holds of one direction at most, whatever a message's size:
/// one half as payload, the other as records of TLS.
inline constexpr size_t window = size_t{256} << 10;

/// The half that is payload, and what of it leaves as a message: Asio writes
/// 64 KiB at a time, so with its header (RFC 6455, 5.2: at most 10 bytes from a
/// server) it fills two writes, and nothing is left for a third.
inline constexpr size_t bufferSize = window / 2;
inline constexpr size_t messageSize = bufferSize - 10;

} // namespace vmedia::websocket
