// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>

namespace vmedia::websocket
{

/// What the relay holds of one direction at most, whatever a message's size:
/// one half as payload, the other as records of TLS.
inline constexpr size_t window = size_t{128} << 10;

/// The half that is payload, and what of it fits with a frame's header (RFC
/// 6455, 5.2: 4 bytes, unmasked) into the 64 KiB that Asio writes at once.
inline constexpr size_t bufferSize = window / 2;
inline constexpr size_t messageSize = bufferSize - 4;

} // namespace vmedia::websocket
