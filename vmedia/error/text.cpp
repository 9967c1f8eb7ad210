// SPDX-License-Identifier: Apache-2.0
#include "text.hpp"

#include <fmt/format.h>

namespace vmedia
{

size_t codePointSize(std::string_view text)
{
    const auto at = [text](size_t i) {
        return static_cast<unsigned char>(text[i]);
    };
    if (text.empty())
    {
        return 0;
    }
    const unsigned lead = at(0);
    if (lead < 0x80)
    {
        return 1;
    }
    const size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < size)
    {
        return 0;
    }
    // The second byte's range depends on the first: no overlong forms, no
    // surrogates, nothing above U+10FFFF.
    const unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (at(1) < low || at(1) > high)
    {
        return 0;
    }
    for (size_t i = 2; i < size; ++i)
    {
        if ((at(i) & 0xc0) != 0x80)
        {
            return 0;
        }
    }
    return size;
}

size_t utf8End(std::string_view text)
{
    size_t end = 0;
    while (const size_t size = codePointSize(text.substr(end)))
    {
        end += size;
    }
    return end;
}

std::string printable(std::string_view text, size_t enough)
{
    std::string line;
    size_t shown = 0;
    while (shown < text.size() && shown < enough)
    {
        const size_t size = codePointSize(text.substr(shown));
        const auto byte = static_cast<unsigned char>(text[shown]);
        if (size == 0 || byte < 0x20 || byte == 0x7f || byte == '\\' ||
            byte == '\'')
        {
            line += fmt::format("\\x{:02x}", byte);
            ++shown;
            continue;
        }
        line += text.substr(shown, size);
        shown += size;
    }
    if (shown < text.size())
    {
        line += fmt::format("… ({} bytes)", text.size());
    }
    return line;
}

} // namespace vmedia
