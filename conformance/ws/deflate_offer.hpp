// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace conformance::ws
{

inline constexpr std::string_view extensionsField = "Sec-WebSocket-Extensions";

/// What was offered, as far as it restricts the answer.
struct Offer
{
    std::string_view text;
    int window = 15;            ///< server_max_window_bits
    bool clientWindow = false;  ///< client_max_window_bits is there
    bool noTakeover = false;    ///< server_no_context_takeover is there
    bool mayAgree = true;
};

/// What is wrong with @p fields, the extensions of a response, as the answer to
/// @p offer (RFC 7692, 7.1); "" if nothing is.
std::string faultOf(const std::vector<std::string>& fields, const Offer& offer);

} // namespace conformance::ws
