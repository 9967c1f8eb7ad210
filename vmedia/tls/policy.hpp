// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <fmt/format.h>

#include <string_view>

namespace vmedia::tls
{

/// What a server says to NBD_OPT_STARTTLS, and to everything before it; the
/// words are those of nbdkit's --tls.
enum class Mode : uint8_t
{
    off,     ///< NOTLS: STARTTLS is refused
    on,      ///< SELECTIVETLS: a client may ask for it
    require, ///< FORCEDTLS: nothing is served before it
};

constexpr std::string_view toString(Mode mode)
{
    switch (mode)
    {
        case Mode::off:
            return "off";
        case Mode::on:
            return "on";
        case Mode::require:
            return "require";
    }
    return "?"; // a Mode that has no name: cast from an integer
}

inline Result<Mode> parseMode(std::string_view text)
{
    for (const Mode mode : {Mode::off, Mode::on, Mode::require})
    {
        if (text == toString(mode))
        {
            return mode;
        }
    }
    return fail(Errc::usage, fmt::format("--tls={} is not a mode", text),
                "use off, on or require");
}

} // namespace vmedia::tls
