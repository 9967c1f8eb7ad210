// SPDX-License-Identifier: Apache-2.0
#include "lane.hpp"

#include <fmt/format.h>

#include <cstring>

namespace bench
{

using vmedia::Errc;
using vmedia::fail;
using vmedia::Result;
using namespace vmedia::nbd;

namespace
{

constexpr size_t writtenMax = 32; // offsets whose content is compared

void storeWord(std::byte* to, uint64_t word)
{
    std::memcpy(to, &word, sizeof(word));
}

} // namespace

Lane::Lane(Connection opened, const Image& file, const Workload& what,
           uint64_t run, uint64_t place, bool verifies) :
    connection(std::move(opened)), image(file), workload(what), number(run),
    verify(verifies), random(file.seed() + run * 1000 + place),
    slots(what.depth)
{
    for (uint32_t i = workload.depth; i-- > 0;)
    {
        idle.push_back(static_cast<uint16_t>(i));
    }
    for (Slot& slot : slots)
    {
        if (writes())
        {
            slot.message.resize(Request::wireSize + workload.block);
            for (size_t at = 0; at < workload.block; at += 8)
            {
                storeWord(slot.message.data() + Request::wireSize + at,
                          wordAt(image.seed(), at));
            }
        }
    }
}

uint64_t Lane::nextOffset()
{
    const uint64_t blocks = image.half() / workload.block;
    const uint64_t block = workload.random ? random() % blocks
                                           : serial % blocks;
    return (writes() ? image.half() : 0) + block * workload.block;
}

void Lane::prepare(Slot& slot, uint16_t index)
{
    slot.offset = nextOffset();
    slot.cookie = serial++ << 16 | index;
    slot.busy = true;
    const auto header = encode(
        Request{0, workload.command, slot.cookie, slot.offset, workload.block});
    if (!writes())
    {
        append(outbox, ByteView(header));
        return;
    }
    // The data's ends say for which run and which place it is.
    std::ranges::copy(header, slot.message.begin());
    std::byte* const data = slot.message.data() + header.size();
    storeWord(data, wordAt(stamp(), slot.offset));
    storeWord(data + workload.block - 8,
              wordAt(stamp(), slot.offset + workload.block - 8));
    parts.push_back({slot.message.data(), slot.message.size()});
}

Result<void> Lane::submit()
{
    outbox.clear();
    parts.clear();
    for (const uint16_t index : idle)
    {
        prepare(slots[index], index);
    }
    idle.clear();
    if (!outbox.empty())
    {
        parts.push_back({outbox.data(), outbox.size()});
    }
    return connection.bytes().send(parts);
}

Result<void> Lane::receive(std::span<std::byte> buffer)
{
    const Result<size_t> n = connection.bytes().receive(buffer);
    if (!n)
    {
        return tl::unexpected(n.error());
    }
    switch (parser.feed(buffer.first(*n), *this))
    {
        case ReplyParser::Fed::badMagic:
            return fail(Errc::protocol,
                        "the server sent what is no simple reply");
        case ReplyParser::Fed::stopped:
            return tl::unexpected(problem);
        case ReplyParser::Fed::all:
            break;
    }
    return {};
}

std::optional<uint32_t> Lane::onReply(const SimpleReply& reply)
{
    const size_t index = reply.cookie & 0xffff;
    if (index >= slots.size() || !slots[index].busy ||
        slots[index].cookie != reply.cookie)
    {
        problem.what = fmt::format("a reply has the cookie {:#x}, which no "
                                   "request on the way has",
                                   reply.cookie);
        return {};
    }
    if (reply.error != ErrorValue::none)
    {
        problem.what =
            fmt::format("{} of {} bytes at {}: the server answered {}",
                        nameOf(workload.command), workload.block,
                        slots[index].offset, nameOf(reply.error));
        return {};
    }
    return writes() ? 0 : workload.block;
}

bool Lane::onData(uint64_t cookie, uint32_t position, ByteView piece)
{
    const uint64_t at = slots[cookie & 0xffff].offset + position;
    if (verify && !image.matches(at, piece, checkedWords))
    {
        problem.what = fmt::format(
            "wrong content in the {} bytes at offset {}: fast is no result",
            piece.size(), at);
        return false;
    }
    return true;
}

void Lane::onDone(uint64_t cookie)
{
    const auto index = static_cast<uint16_t>(cookie & 0xffff);
    slots[index].busy = false;
    idle.push_back(index);
    if (writes() && verify)
    {
        if (written.size() < writtenMax)
        {
            written.push_back(slots[index].offset);
        }
        else
        {
            written[completed % writtenMax] = slots[index].offset;
        }
    }
    ++completed;
}

Result<void> Lane::compareWritten()
{
    for (const uint64_t offset : written)
    {
        const auto data = image.content().subspan(offset, workload.block);
        const uint64_t last = workload.block - 8;
        for (uint64_t at = 0; at < workload.block; at += 8)
        {
            const uint64_t wanted = at == 0 || at == last
                                        ? wordAt(stamp(), offset + at)
                                        : wordAt(image.seed(), at);
            if (loadWord(data.data() + at) != wanted)
            {
                return fail(Errc::protocol,
                            fmt::format("a write was answered, but the file "
                                        "has other content at offset {}: "
                                        "fast is no result",
                                        offset + at));
            }
            ++checkedWords;
        }
    }
    return {};
}

Result<void> Lane::finish(std::span<std::byte> buffer)
{
    while (idle.size() < slots.size())
    {
        if (Result<void> got = receive(buffer); !got)
        {
            return got;
        }
    }
    if (Result<void> same = compareWritten(); !same)
    {
        return same;
    }
    return connection.bytes().send(encode(Request{0, Cmd::disc, 0, 0, 0}));
}

} // namespace bench
