// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace vmedia::websocket
{

/// ws://host[:port]/path or wss://host[:port]/path (RFC 6455, section 3).
struct Url
{
    bool secure = true;
    std::string host;   ///< an IPv6 literal stands without its brackets
    uint16_t port = 443;
    std::string target; ///< path and query, at least "/"

    /// What a Host header says: without the port where it is the default.
    std::string authority() const;
    std::string text() const;
};

/// Errors: names the text, and what a right one looks like. A user name in
///         the URL is refused: command lines can be read by everybody.
Result<Url> parseUrl(std::string_view text);

} // namespace vmedia::websocket
