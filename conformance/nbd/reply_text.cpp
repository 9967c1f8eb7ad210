// SPDX-License-Identifier: Apache-2.0
#include "reply_text.hpp"

#include "conformance/transport/dump.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

/// The text of an error, fit for a terminal whatever the peer put into it.
std::string quoted(ByteView bytes)
{
    constexpr size_t shown = 60;
    std::string text;
    for (const std::byte byte : bytes.first(std::min(bytes.size(), shown)))
    {
        const char c = static_cast<char>(byte);
        text += c >= ' ' && c <= '~' ? c : '.';
    }
    return fmt::format("'{}'{}", text, bytes.size() > shown ? "..." : "");
}

} // namespace

std::string describe(const OptionReply& reply)
{
    std::string text = fmt::format("{} to {}", nameOf(reply.type),
                                   nameOf(reply.option));
    if (reply.data.empty())
    {
        return text;
    }
    if (isError(reply.type))
    {
        return fmt::format("{}, {}", text, quoted(reply.data));
    }
    if (reply.type == Rep::info && reply.data.size() >= 2)
    {
        text += ", " + nameOf(Info{Reader{reply.data}.u16()});
    }
    return fmt::format("{}, {}", text, dump(reply.data));
}

} // namespace conformance::nbd
