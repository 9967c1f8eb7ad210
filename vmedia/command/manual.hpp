// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <string_view>

namespace CLI // NOLINT: the library's name
{
class App;
} // namespace CLI

namespace vmedia::command
{

/// Prose about a program, held once for --help and for the manual page.
///
/// Shape: paragraphs with an empty line between them. Lines that begin with
///        two spaces stay as they are.
struct Section
{
    std::string_view title;
    std::string_view text;
    bool inHelp = false; ///< else only in the manual page
};

/// Makes @p sections part of --help, and gives @p app a hidden --man, which
/// prints its manual page. Last, once all options are there.
///
/// Owner: @p sections and @p app outlive the parsing.
void addManual(CLI::App& app, std::span<const Section> sections = {});

} // namespace vmedia::command
