// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <CLI/CLI.hpp>

#include <string>
#include <string_view>

namespace vmedia::command
{

/// Of --help, whatever the terminal's is.
inline constexpr size_t lineWidth = 80;

/// "-p,--port" as people write it: "-p, --port"; a positional's name.
std::string namesOf(const CLI::Option& option);

/// What follows an option: "PORT", "{auto,kvm,tcg}"; empty for a flag.
std::string argumentOf(const CLI::Option& option);

/// The description, and behind it what else there is to know: the default,
/// the range, that it is required.
std::string explanationOf(const CLI::Option& option);

/// @p text with newlines where lines would get longer than @p width.
std::string wrapped(std::string_view text, size_t width);

/// "[plugin] [parameters...]"
std::string positionalsOf(const CLI::App& app);

/// --help in the words of the functions above, which manual pages use too.
class HelpFormatter : public CLI::Formatter
{
  public:
    HelpFormatter();
    std::string make_help(const CLI::App* app, std::string name,
                          CLI::AppFormatMode mode) const override;
    std::string make_option_opts(const CLI::Option* option) const override;
    std::string make_option_desc(const CLI::Option* option) const override;
};

} // namespace vmedia::command
