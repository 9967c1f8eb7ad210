// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/record.hpp"

#include <ostream>
#include <string>
#include <string_view>

namespace conformance
{

/// The report for a pull request: a line to sum up, a table by area, and what
/// did not hold, each folded. It stays below the 65536 characters that GitHub
/// takes: what is too much is counted.
void writeMarkdown(const Run& run, std::ostream& out);

/// plainText() that GitHub shows as it is: no tag, emphasis, link, table
/// border or mention comes of it.
std::string markdownText(std::string_view text);

} // namespace conformance
