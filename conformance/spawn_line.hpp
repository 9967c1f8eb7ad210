// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace conformance
{

/// Splits a line into words as a shell does: blanks part them, quotes of both
/// kinds and a backslash keep them together. Nothing is expanded, no shell is
/// asked.
///
/// Errors: Errc::usage for an open quote and for a line without a word.
vmedia::Result<std::vector<std::string>> splitLine(std::string_view line);

/// Puts in what {name} stands for. Braces around anything else stay.
std::string filled(std::string text,
                   const std::map<std::string, std::string>& values);

} // namespace conformance
