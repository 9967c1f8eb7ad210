// SPDX-License-Identifier: Apache-2.0
#include "plain_text.hpp"

#include "vmedia/error/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance
{

namespace
{

/// C0 and DEL; C1, U+FFFE and U+FFFF in their UTF-8.
bool isControl(std::string_view codePoint)
{
    const auto first = static_cast<unsigned char>(codePoint[0]);
    return first < 0x20 || first == 0x7f ||
           (first == 0xc2 && static_cast<unsigned char>(codePoint[1]) < 0xa0) ||
           codePoint == "\xef\xbf\xbe" || codePoint == "\xef\xbf\xbf";
}

} // namespace

std::string plainText(std::string_view text)
{
    std::string plain;
    while (!text.empty())
    {
        const size_t size = vmedia::codePointSize(text);
        const std::string_view head = text.substr(0, std::max<size_t>(size, 1));
        if (size != 0 && !isControl(head))
        {
            plain += head;
        }
        else
        {
            for (const char byte : head)
            {
                plain += fmt::format("\\x{:02x}",
                                     static_cast<unsigned char>(byte));
            }
        }
        text.remove_prefix(head.size());
    }
    return plain;
}

std::string htmlText(std::string_view text)
{
    std::string html;
    for (const char c : plainText(text))
    {
        switch (c)
        {
            case '&':
                html += "&amp;";
                break;
            case '<':
                html += "&lt;";
                break;
            case '>':
                html += "&gt;";
                break;
            case '"':
                html += "&quot;";
                break;
            case '\'':
                html += "&#39;";
                break;
            default:
                html += c;
        }
    }
    return html;
}

} // namespace conformance
