// SPDX-License-Identifier: Apache-2.0
#include "exchange.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

/// How long a server may take nothing before we believe that it waits for us.
constexpr std::chrono::milliseconds patience{100};

} // namespace

std::string describe(const Ask& ask)
{
    return fmt::format("{}{}, offset {}, length {}", nameOf(ask.type),
                       ask.flags == 0 ? ""
                                      : fmt::format(", flags {:#x}", ask.flags),
                       ask.offset, ask.length);
}

std::string describe(const Part& part)
{
    const auto [offset, length] = part.range();
    return fmt::format("{}, flags {:#x}, {} bytes{}", nameOf(part.type),
                       part.flags, part.payload.size(),
                       part.isContent()
                           ? fmt::format(", about {} from {}", length, offset)
                           : "");
}

Part::Range Part::range() const
{
    Reader reader{payload};
    if (type == Chunk::offsetData && reader.left() >= 8)
    {
        return {reader.u64(), payload.size() - 8};
    }
    if (type == Chunk::offsetHole && reader.left() >= 12)
    {
        const uint64_t offset = reader.u64();
        return {offset, reader.u32()};
    }
    return {};
}

Bytes noise(std::mt19937_64& random, size_t size)
{
    Bytes bytes(size);
    std::ranges::generate(
        bytes, [&] { return static_cast<std::byte>(1 + random() % 255); });
    return bytes;
}

size_t Peer::sendUntilStuck(ByteView bytes, std::string_view what)
{
    if (stopped() || !connection)
    {
        return 0;
    }
    const size_t sent = connection->sendUntilStuck(bytes, patience);
    lines.push_back(
        fmt::format("-> {}, {} bytes of {}", what, sent, bytes.size()));
    return sent;
}

} // namespace conformance::nbd
