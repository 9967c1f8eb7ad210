// SPDX-License-Identifier: Apache-2.0
#include "text.hpp"

#include "vmedia/nbd/wire.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::nbd
{

namespace
{

/// RFC 3629, section 4: how many bytes the code point at the front takes, or
/// 0 if none begins there.
size_t codePoint(vmedia::nbd::ByteView in)
{
    const auto at = [in](size_t i) { return std::to_integer<unsigned>(in[i]); };
    const unsigned lead = at(0);
    if (lead < 0x80)
    {
        return 1;
    }
    const size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || in.size() < size)
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

} // namespace

std::string stringFault(vmedia::nbd::ByteView bytes)
{
    if (bytes.size() > vmedia::nbd::stringMax)
    {
        return fmt::format("{} bytes", bytes.size());
    }
    if (std::ranges::find(bytes, std::byte{0}) != bytes.end())
    {
        return "a NUL in it";
    }
    for (size_t i = 0; i < bytes.size();)
    {
        const size_t size = codePoint(bytes.subspan(i));
        if (size == 0)
        {
            return fmt::format("no UTF-8 at byte {}", i);
        }
        i += size;
    }
    return {};
}

} // namespace conformance::nbd
