// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace vmedia
{

/// How many bytes the UTF-8 code point at the front of @p text takes, or 0 if
/// none begins there (RFC 3629, section 4: no overlong forms, no surrogates).
size_t codePointSize(std::string_view text);

/// Where @p text stops being UTF-8; its size if it never does.
size_t utf8End(std::string_view text);

/// A stranger's text for a log: one line of UTF-8 within quotation marks. A
/// control byte, a backslash, a quotation mark and what is no UTF-8 come as
/// \xNN; what goes beyond @p enough bytes is counted, not shown.
std::string printable(std::string_view text, size_t enough = 64);

} // namespace vmedia
