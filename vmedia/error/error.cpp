// SPDX-License-Identifier: Apache-2.0
#include "error.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace vmedia
{

namespace
{

/// What was seen may be anybody's: a newline in it would be a second line, an
/// escape sequence would reach a terminal.
std::string oneLine(std::string_view text)
{
    std::string line;
    for (const char c : text)
    {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f)
        {
            line += fmt::format("\\x{:02x}", byte);
        }
        else
        {
            line += c;
        }
    }
    return line;
}

} // namespace

tl::unexpected<Error> fail(Errc code, std::string what, std::string hint)
{
    return tl::unexpected(Error{code, std::move(what), {}, std::move(hint)});
}

tl::unexpected<Error> failErrno(int errorNumber, std::string what,
                                std::string hint)
{
    what += ": " + std::generic_category().message(errorNumber);
    return failNumbered(errorNumber, std::move(what), std::move(hint));
}

tl::unexpected<Error> failNumbered(int errorNumber, std::string what,
                                   std::string hint)
{
    return tl::unexpected(
        Error{Errc::io, std::move(what), {}, std::move(hint), errorNumber});
}

tl::unexpected<Error> during(std::string_view where, Error error)
{
    error.where = error.where.empty()
                      ? std::string(where)
                      : fmt::format("{}, {}", where, error.where);
    return tl::unexpected(std::move(error));
}

std::string describe(const Error& error)
{
    std::string text = error.what;
    if (!error.where.empty())
    {
        text += " (" + error.where + ")";
    }
    if (!error.hint.empty())
    {
        text += "; " + error.hint;
    }
    return oneLine(text);
}

int exitStatus(const Error& error)
{
    return error.code == Errc::usage ? 2 : 1;
}

int report(std::string_view program, const Error& error)
{
    fmt::print(stderr, "{}: {}\n", program, describe(error));
    return exitStatus(error);
}

} // namespace vmedia
