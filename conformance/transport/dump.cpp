// SPDX-License-Identifier: Apache-2.0
#include "dump.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance
{

namespace
{

constexpr size_t shownBytes = 16; // a line of a hex dump

} // namespace

std::string dump(vmedia::nbd::ByteView bytes)
{
    std::string text = fmt::format("{} bytes", bytes.size());
    const vmedia::nbd::ByteView head =
        bytes.first(std::min(bytes.size(), shownBytes));
    for (const std::byte& byte : head)
    {
        text += fmt::format("{}{:02x}", &byte == head.data() ? ": " : " ",
                            std::to_integer<unsigned>(byte));
    }
    return text + (bytes.size() > shownBytes ? " ..." : "");
}

} // namespace conformance
