// SPDX-License-Identifier: Apache-2.0
#include "parse.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

namespace vmedia::command
{

int parseFailed(const CLI::App& app, const CLI::ParseError& error)
{
    if (error.get_exit_code() == 0) // --help, --version, --man
    {
        return app.exit(error);
    }
    const auto subcommands = app.get_subcommands();
    fmt::print(stderr, "{}: {}; see {}{}{} --help\n", app.get_name(),
               error.what(), app.get_name(), subcommands.empty() ? "" : " ",
               subcommands.empty() ? "" : subcommands[0]->get_name());
    return 2;
}

} // namespace vmedia::command
