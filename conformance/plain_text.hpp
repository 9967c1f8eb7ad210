// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>

namespace conformance
{

/// @p text as any report may hold it: UTF-8 that XML 1.0, a terminal and a web
/// page take. Control bytes (a newline too), and what is no UTF-8, come as
/// \x1b.
std::string plainText(std::string_view text);

/// plainText() between the tags, or in a quoted attribute, of HTML.
std::string htmlText(std::string_view text);

} // namespace conformance
