// SPDX-License-Identifier: Apache-2.0
#include "close_reason.hpp"

#include "vmedia/error/text.hpp"

#include <algorithm>

namespace vmedia::websocket
{

namespace
{

constexpr size_t reasonMax = 123;

} // namespace

std::string closeReason(std::string_view text)
{
    std::string reason;
    size_t words = 0; // where the last whole word ends
    while (!text.empty())
    {
        const size_t size = codePointSize(text);
        const std::string_view next = size == 0 ? "?" : text.substr(0, size);
        if (next == " " && !reason.ends_with(' '))
        {
            words = reason.size();
        }
        if (reason.size() + next.size() > reasonMax)
        {
            reason.resize(words > 0 ? words : reason.size());
            break;
        }
        reason += next;
        text.remove_prefix(std::max<size_t>(size, 1));
    }
    return reason;
}

} // namespace vmedia::websocket
