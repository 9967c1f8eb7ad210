// SPDX-License-Identifier: Apache-2.0
#include "text.hpp"

#include "vmedia/error/text.hpp"
#include "vmedia/nbd/wire.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::nbd
{

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
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                                bytes.size());
    if (const size_t end = vmedia::utf8End(text); end < text.size())
    {
        return fmt::format("no UTF-8 at byte {}", end);
    }
    return {};
}

} // namespace conformance::nbd
