// SPDX-License-Identifier: Apache-2.0
#include "manual.hpp"

#include "help.hpp"
#include "man_page.hpp"

#include <fmt/format.h>

#include <memory>

namespace vmedia::command
{

namespace
{

std::string indented(std::string_view text)
{
    std::string out;
    while (!text.empty())
    {
        const size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        out += line.empty() || line.starts_with("  ")
                   ? std::string(line)
                   : fmt::format("  {}", CLI::detail::find_and_replace(
                                             wrapped(line, lineWidth - 2), "\n",
                                             "\n  "));
        out += '\n';
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

} // namespace

void addManual(CLI::App& app, std::span<const Section> sections)
{
    const auto formatter = std::make_shared<HelpFormatter>();
    app.formatter(formatter);
    for (CLI::App* each : app.get_subcommands({}))
    {
        each->formatter(formatter);
    }
    std::string footer;
    for (const Section& section : sections)
    {
        if (section.inHelp)
        {
            footer += fmt::format("{}{}:\n{}", footer.empty() ? "" : "\n",
                                  section.title, indented(section.text));
        }
    }
    if (!footer.empty())
    {
        footer.pop_back(); // CLI11 ends it with a newline
        app.footer(footer);
    }
    app.add_flag_callback("--man",
                          [&app, sections] {
        // What CLI11 prints and then leaves, as it does for --version.
        throw CLI::CallForVersion(manPage(app, sections), 0);
    }, "Print the manual page, for man -l")
        ->group("");
}

} // namespace vmedia::command
