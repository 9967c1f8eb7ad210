// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>

namespace vmedia::websocket
{

/// @p text made fit for a close frame: at most 123 bytes (RFC 6455, 5.5:
/// "MUST have a payload length of 125 bytes or less", less the code), cut
/// between words, or between characters where there is but one; a byte that
/// is not UTF-8 becomes '?'.
std::string closeReason(std::string_view text);

} // namespace vmedia::websocket
