// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <ios>
#include <string>

namespace conformance
{

/// The first line of a sanitizer's report in what a program has printed into
/// @p log, from @p from on, which becomes its end; or "".
std::string sanitizerReport(const std::filesystem::path& log,
                            std::streamoff& from);

} // namespace conformance
