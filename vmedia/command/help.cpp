// SPDX-License-Identifier: Apache-2.0
#include "help.hpp"

#include <fmt/format.h>

namespace vmedia::command
{

namespace
{

constexpr size_t firstColumn = 30;

/// What @p text has between @p from and @p to, without them.
std::string between(const std::string& text, char from, char to)
{
    const size_t begin = text.find(from);
    const size_t end = text.find(to, begin == text.npos ? 0 : begin);
    return begin == text.npos || end == text.npos
               ? std::string{}
               : text.substr(begin + 1, end - begin - 1);
}

} // namespace

std::string namesOf(const CLI::Option& option)
{
    const bool positional = option.get_positional() && !option.nonpositional();
    const std::string names = option.get_name(positional, !positional);
    return CLI::detail::find_and_replace(names, ",", ", ");
}

std::string argumentOf(const CLI::Option& option)
{
    if (option.get_type_size() == 0 || !option.nonpositional())
    {
        return {};
    }
    // CLI11 puts what the validators say behind a colon.
    const std::string type = option.get_type_name();
    const std::string choice = between(type, '{', '}');
    return choice.empty() ? type.substr(0, type.find(':'))
                          : fmt::format("{{{}}}", choice);
}

std::string explanationOf(const CLI::Option& option)
{
    std::vector<std::string> notes;
    if (option.get_required())
    {
        notes.emplace_back("required");
    }
    const std::string range = between(option.get_type_name(), '[', ']');
    if (!range.empty())
    {
        notes.push_back(CLI::detail::find_and_replace(range, " - ", " to "));
    }
    if (option.get_type_size() != 0 && !option.get_default_str().empty())
    {
        notes.push_back(fmt::format("default {}", option.get_default_str()));
    }
    if (!option.get_envname().empty())
    {
        notes.push_back(fmt::format("or ${}", option.get_envname()));
    }
    return notes.empty() ? option.get_description()
                         : fmt::format("{} ({})", option.get_description(),
                                       fmt::join(notes, "; "));
}

std::string wrapped(std::string_view text, size_t width)
{
    std::string out;
    while (text.size() > width)
    {
        size_t end = text.substr(0, width + 1).rfind(' ');
        if (end == text.npos) // a word that is longer than the line
        {
            end = std::min(text.find(' '), text.size());
        }
        out += text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        out += text.empty() ? "" : "\n";
    }
    out += text;
    return out;
}

std::string positionalsOf(const CLI::App& app)
{
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options())
    {
        if (option->get_positional())
        {
            const bool several = option->get_expected_max() > 1;
            names.push_back(
                fmt::format("{}{}{}{}", option->get_required() ? "" : "[",
                            option->get_name(true, false), several ? "..." : "",
                            option->get_required() ? "" : "]"));
        }
    }
    return fmt::format("{}", fmt::join(names, " "));
}

HelpFormatter::HelpFormatter()
{
    column_width(firstColumn);
}

std::string HelpFormatter::make_help(const CLI::App* app, std::string name,
                                     CLI::AppFormatMode mode) const
{
    return CLI::detail::find_and_replace(
        CLI::Formatter::make_help(app, std::move(name), mode), "\n\n\n",
        "\n\n");
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const
{
    const std::string argument = argumentOf(*option);
    return argument.empty() ? argument : fmt::format(" {}", argument);
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const
{
    return wrapped(explanationOf(*option), lineWidth - firstColumn);
}

} // namespace vmedia::command
