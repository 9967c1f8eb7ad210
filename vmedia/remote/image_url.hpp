// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace vmedia::remote
{

enum class Scheme : uint8_t
{
    https,
    smb,
};

/// Where a medium of Legacy mode is: https://HOST[:PORT]/PATH[?QUERY], or
/// smb://HOST[:PORT]/SHARE/PATH.
///
/// Nothing of it can become an option of a program, a line of a file or a step
/// out of the share: the host is a plain name or an address, and a path of smb
/// has no part that is "." or "..", and no control character.
struct ImageUrl
{
    Scheme scheme = Scheme::https;
    std::string host;     ///< an IPv6 literal stands without its brackets
    uint16_t port = 443;  ///< or 445
    std::string resource; ///< https: path and query as given, "/" at least
    std::string share;    ///< smb: the first part of the path, decoded
    std::string path;     ///< smb: the rest, decoded, "dir/image.iso"

    /// The URL again, in one form: what ImageURL shows and nbdkit gets.
    std::string text() const;
};

/// Errors: usage; names the text and what a right one looks like. A user name
///         or a password in the URL is refused, and not repeated in the error:
///         properties and command lines can be read by everybody.
Result<ImageUrl> parseImageUrl(std::string_view text);

} // namespace vmedia::remote
