// SPDX-License-Identifier: Apache-2.0
#include "man_page.hpp"

#include "help.hpp"
#include "vmedia/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace vmedia::command
{

namespace
{

/// @p text as roff prints it: a hyphen that can be copied, no request.
std::string escaped(std::string_view text)
{
    std::string out;
    if (text.starts_with('.') || text.starts_with('\''))
    {
        out = "\\&";
    }
    for (const char c : text)
    {
        out += c == '\\' ? "\\e" : c == '-' ? "\\-" : std::string(1, c);
    }
    return out;
}

std::string upper(std::string_view text)
{
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) {
        return static_cast<char>(std::toupper(c));
    });
    return out;
}

std::string bold(std::string_view text)
{
    return fmt::format("\\fB{}\\fR", escaped(text));
}

std::string italic(std::string_view text)
{
    return fmt::format("\\fI{}\\fR", escaped(text));
}

class Page
{
  public:
    std::string take()
    {
        out.pop_back();
        return std::move(out);
    }

    void line(std::string_view text)
    {
        out += text;
        out += '\n';
    }

    /// Paragraphs; what begins with two spaces is shown as it is.
    void prose(std::string_view text)
    {
        bool verbatim = false;
        bool apart = false; // from what came before
        while (!text.empty())
        {
            const size_t end = std::min(text.find('\n'), text.size());
            const std::string_view one = text.substr(0, end);
            text.remove_prefix(std::min(end + 1, text.size()));
            const bool shown = one.starts_with("  ") ||
                               (one.empty() && verbatim &&
                                text.starts_with("  "));
            if (verbatim && !shown)
            {
                line(".fi\n.RE");
                apart = true;
            }
            if (shown && !verbatim)
            {
                line(apart ? ".sp\n.RS 4\n.nf" : ".RS 4\n.nf");
            }
            verbatim = shown;
            if (shown)
            {
                line(one.empty() ? one : escaped(one.substr(2)));
            }
            else if (one.empty())
            {
                apart = true;
            }
            else
            {
                line(apart ? fmt::format(".PP\n{}", escaped(one))
                           : escaped(one));
                apart = false;
            }
        }
        if (verbatim)
        {
            line(".fi\n.RE");
        }
    }

    void option(const CLI::Option& one)
    {
        line(".TP");
        std::string head = bold(namesOf(one));
        if (const std::string argument = argumentOf(one); !argument.empty())
        {
            head += fmt::format(" {}", italic(argument));
        }
        line(head);
        line(escaped(explanationOf(one)));
    }

    /// Positionals, then the options by their groups, in order.
    void options(const CLI::App& app, std::string_view heading)
    {
        std::vector<std::string> groups;
        for (const CLI::Option* one : app.get_options())
        {
            const std::string& group = one->get_group();
            if (one->get_positional())
            {
                option(*one);
            }
            else if (!group.empty() &&
                     std::ranges::find(groups, group) == groups.end())
            {
                groups.push_back(group);
            }
        }
        for (const std::string& group : groups)
        {
            if (groups.size() > 1)
            {
                line(fmt::format("{} {}", heading, escaped(group)));
            }
            for (const CLI::Option* one : app.get_options())
            {
                if (one->get_group() == group && !one->get_positional())
                {
                    option(*one);
                }
            }
        }
    }

  private:
    std::string out{};
};

/// "Serves a disk image over NBD." without its end, on one line.
std::string brief(const CLI::App& app)
{
    std::string text = app.get_description();
    std::ranges::replace(text, '\n', ' ');
    while (text.ends_with('.'))
    {
        text.pop_back();
    }
    return text;
}

std::string synopsis(const CLI::App& app, std::string_view name)
{
    const std::string positionals = positionalsOf(app);
    return fmt::format("{} [{} ...]{}{}", bold(name), italic("option"),
                       positionals.empty() ? "" : " ", escaped(positionals));
}

} // namespace

std::string manPage(const CLI::App& app, std::span<const Section> sections)
{
    const std::string& name = app.get_name();
    const auto commands = app.get_subcommands(
        [](const CLI::App* one) { return !one->get_name().empty(); });
    Page page;
    page.line(fmt::format(R"(.TH {} 1 {} "vmedia {}" "User Commands")",
                          escaped(upper(name)), released, version));
    page.line(".SH NAME");
    page.line(fmt::format("{} \\- {}", escaped(name), escaped(brief(app))));
    page.line(".SH SYNOPSIS");
    if (app.get_require_subcommand_min() == 0)
    {
        page.line(synopsis(app, name));
    }
    for (size_t i = 0; i < commands.size(); ++i)
    {
        if (i > 0 || app.get_require_subcommand_min() == 0)
        {
            page.line(".br");
        }
        page.line(synopsis(
            *commands[i], fmt::format("{} {}", name, commands[i]->get_name())));
    }
    page.line(".SH OPTIONS");
    page.options(app, ".SS");
    if (!commands.empty())
    {
        page.line(".SH COMMANDS");
    }
    for (const CLI::App* command : commands)
    {
        page.line(fmt::format(".SS {}", escaped(command->get_name())));
        page.prose(command->get_description());
        page.options(*command, ".PP\n");
        if (!command->get_footer().empty())
        {
            page.line(".PP");
            page.prose(command->get_footer());
        }
    }
    for (const Section& section : sections)
    {
        page.line(fmt::format(".SH {}", escaped(upper(section.title))));
        page.prose(section.text);
    }
    return page.take();
}

} // namespace vmedia::command
