// SPDX-License-Identifier: Apache-2.0
#pragma once
namespace CLI // NOLINT: the library's name
{
class App;
class ParseError;
} // namespace CLI

namespace vmedia::command
{

/// What main() gives back once parsing threw: 0 after --help and the like, 2
/// after one line to stderr that says what was wrong and where help is.
int parseFailed(const CLI::App& app, const CLI::ParseError& error);

} // namespace vmedia::command
