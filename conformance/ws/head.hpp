// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>
#include <vector>

/// The letters of HTTP (RFC 9110, 5.6).
namespace conformance::ws
{

bool isToken(std::string_view text);

/// Without blanks and tabs at both ends.
std::string_view trimmed(std::string_view text);

/// The parts between @p separator, trimmed; empty ones are left out.
std::vector<std::string> split(std::string_view text, char separator);

} // namespace conformance::ws
