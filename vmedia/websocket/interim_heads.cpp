// SPDX-License-Identifier: Apache-2.0
#include "interim_heads.hpp"

namespace vmedia::websocket
{

namespace
{

constexpr size_t headMax = 16 << 10;
constexpr int headsMax = 16;
constexpr std::string_view emptyLine = "\r\n\r\n";

enum class Kind
{
    unclear, ///< too few bytes
    interim,
    other,
};

/// By its status line, as far as it is there.
Kind kindOf(std::string_view head)
{
    constexpr std::string_view begins = "HTTP/1.1 1";
    constexpr std::string_view switching = "HTTP/1.1 101";
    const std::string_view beginning = head.substr(0, begins.size());
    if (beginning != begins.substr(0, beginning.size()))
    {
        return Kind::other;
    }
    if (head.size() < switching.size())
    {
        return Kind::unclear;
    }
    return head.starts_with(switching) ? Kind::other : Kind::interim;
}

} // namespace

void InterimHeads::add(std::string_view bytes)
{
    held += bytes;
    while (!over)
    {
        const Kind kind = kindOf(held);
        if (kind == Kind::unclear)
        {
            return;
        }
        const size_t end = held.find(emptyLine);
        if (kind == Kind::other || dropped == headsMax ||
            (end == std::string::npos && held.size() > headMax))
        {
            over = true;
            return;
        }
        if (end == std::string::npos)
        {
            return;
        }
        held.erase(0, end + emptyLine.size());
        ++dropped;
    }
}

} // namespace vmedia::websocket
