// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "manual.hpp"

#include <string>

namespace vmedia::command
{

/// The manual page of a program, section 1, in man(7): what --help says of
/// the options, and all of @p sections.
std::string manPage(const CLI::App& app, std::span<const Section> sections);

} // namespace vmedia::command
