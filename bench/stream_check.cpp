// SPDX-License-Identifier: Apache-2.0
#include "stream_check.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bench
{

using vmedia::Errc;
using vmedia::fail;
using vmedia::Result;
namespace ws = conformance::ws;

namespace
{

constexpr size_t word = sizeof(uint64_t);

} // namespace

/// The word at @p offset of the message that is arriving, if @p bytes, which
/// begin where we are, hold all of it.
Result<void> StreamCheck::check(ByteView bytes, size_t offset)
{
    if (offset < at || offset + word > at + bytes.size())
    {
        return {};
    }
    const Bytes& message = sent[messagesDone % sent.size()];
    if (!std::ranges::equal(bytes.subspan(offset - at, word),
                            ByteView(message).subspan(offset, word)))
    {
        return fail(Errc::protocol,
                    fmt::format("message {} arrived with wrong content at its "
                                "byte {}",
                                messagesDone, offset));
    }
    ++words;
    return {};
}

Result<void> StreamCheck::take(ByteView bytes)
{
    taken += bytes.size();
    while (!bytes.empty())
    {
        const size_t size = sent[messagesDone % sent.size()].size();
        const ByteView part = bytes.first(std::min(bytes.size(), size - at));
        bytes = bytes.subspan(part.size());
        Result<void> right = check(part, 0);
        if (right)
        {
            right = check(part, size - word);
        }
        if (!right)
        {
            return right;
        }
        at += part.size();
        if (at == size)
        {
            at = 0;
            ++messagesDone;
        }
    }
    return {};
}

Result<ByteView> FrameReader::next(ByteView& rest)
{
    while (!rest.empty())
    {
        if (left > 0)
        {
            const ByteView part =
                rest.first(std::min<uint64_t>(left, rest.size()));
            rest = rest.subspan(part.size());
            left -= part.size();
            if (isData)
            {
                return part;
            }
            continue;
        }
        header.push_back(rest.front());
        rest = rest.subspan(1);
        const auto whole = ws::parseHeader(header);
        if (!whole)
        {
            continue;
        }
        header.clear();
        left = whole->length;
        isData = !ws::isControl(whole->opcode);
        if (whole->mask || whole->opcode == ws::Opcode::close ||
            whole->opcode == ws::Opcode::text)
        {
            return fail(Errc::protocol, fmt::format("the relay sent a frame "
                                                    "that was not wanted: {}",
                                                    ws::describe(*whole)));
        }
    }
    return ByteView{};
}

} // namespace bench
