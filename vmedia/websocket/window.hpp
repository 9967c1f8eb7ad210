// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>

namespace vmedia::websocket
{

/// What the relay holds of one direction at most, whatever a message's size:
/// one half as payload, the other as records of TLS.
inline constexpr size_t window = size_t{128} << 10;

} // namespace vmedia::websocket
