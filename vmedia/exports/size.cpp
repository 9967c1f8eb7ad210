// SPDX-License-Identifier: Apache-2.0
#include "export.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>

namespace vmedia::exports
{

Result<uint64_t> parseSize(std::string_view text)
{
    uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    constexpr std::string_view units = "bKMGTPE";
    size_t power = 0;
    bool good = error == std::errc{} && value > 0;
    if (good && rest != end)
    {
        power = units.find(*rest == 'k' ? 'K' : *rest);
        good = power != units.npos && rest + 1 == end;
    }
    // "63 bits" ("Transmission"): the kernel's and our offsets are signed.
    constexpr uint64_t most = std::numeric_limits<int64_t>::max();
    if (!good || value > most >> (10 * power))
    {
        return fail(Errc::usage, fmt::format("'{}' is not a size", text),
                    "write bytes, or a number and K, M, G or T: 512, 64M, 1G");
    }
    return value << (10 * power);
}

} // namespace vmedia::exports
