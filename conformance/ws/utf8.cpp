// SPDX-License-Identifier: Apache-2.0
#include "utf8.hpp"

#include <algorithm>

namespace conformance::ws
{

bool Utf8::feed(vmedia::nbd::ByteView bytes)
{
    return std::ranges::all_of(bytes, [this](std::byte byte) {
        return feed(std::to_integer<uint8_t>(byte));
    });
}

/// The table "Well-Formed UTF-8 Byte Sequences", row by row (RFC 3629, 4).
bool Utf8::feed(uint8_t byte)
{
    if (left > 0)
    {
        const bool fits = byte >= low && byte <= high;
        --left;
        low = 0x80;
        high = 0xBF;
        return fits;
    }
    if (byte < 0x80)
    {
        return true;
    }
    if (byte < 0xC2 || byte > 0xF4)
    {
        return false;
    }
    left = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    low = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
    high = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
    return true;
}

} // namespace conformance::ws
