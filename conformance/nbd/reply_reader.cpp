// SPDX-License-Identifier: Apache-2.0
#include "exchange.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

/// More than any chunk has reason to hold: 32 MiB of data are the default
/// maximum, and some servers take twice that.
constexpr uint32_t chunkMax = 128U << 20;

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

bool Part::Range::liesIn(const Ask& ask) const
{
    return offset >= ask.offset && length <= ask.length &&
           offset - ask.offset <= ask.length - length;
}

Exchange::Pendings::iterator Exchange::find(uint64_t cookie)
{
    const auto found = pending.find(cookie);
    if (found == pending.end())
    {
        client.conclude(
            failed(fmt::format("a reply with cookie {:#x}, which no request "
                               "has that waits for one",
                               cookie),
                   "the cookie of a request"));
    }
    return found;
}

std::optional<Reply> Exchange::receive()
{
    const Replies agreed = structured ? Replies::structured : Replies::simple;
    std::string_view what = "a reply";
    while (const auto header = wantReplyHeader(client, agreed, what))
    {
        auto reply = header->form == Replies::simple ? simpleReply(*header)
                                                     : chunk(*header);
        if (reply || header->form == Replies::simple || client.stopped())
        {
            return reply;
        }
        what = "the next chunk";
    }
    return std::nullopt;
}

std::optional<Reply> Exchange::simpleReply(const ReplyHeader& header)
{
    Reply reply{.cookie = header.cookie, .error = header.error};
    const auto of = find(reply.cookie);
    if (of == pending.end())
    {
        return std::nullopt;
    }
    reply.ask = of->second.ask;
    const bool started = !of->second.parts.empty();
    pending.erase(of);
    client.want(!started, "a simple reply after chunks of the same reply",
                "chunks up to NBD_REPLY_FLAG_DONE");
    if (reply.ask.type == Cmd::read && reply.succeeded() && !structured)
    {
        auto data = client.wantBytes(reply.ask.length,
                                     "the data of NBD_CMD_READ");
        if (!data)
        {
            return std::nullopt;
        }
        reply.data = std::move(*data);
        reply.complete = true;
    }
    return reply;
}

std::optional<Reply> Exchange::chunk(const ReplyHeader& header)
{
    const auto of = find(header.cookie);
    if (of == pending.end())
    {
        return std::nullopt;
    }
    if (header.length > chunkMax)
    {
        client.conclude(
            failed(fmt::format("a chunk of {} bytes", header.length),
                   "a chunk that a client can take"));
        return std::nullopt;
    }
    auto payload = client.wantBytes(header.length, "the payload of a chunk");
    if (!payload)
    {
        return std::nullopt;
    }
    of->second.parts.push_back(
        {header.flags, header.type, std::move(*payload)});
    if ((header.flags & replyDone) == 0)
    {
        return std::nullopt;
    }
    Reply reply{
        .cookie = header.cookie, .ask = of->second.ask, .structured = true};
    reply.parts = std::move(of->second.parts);
    pending.erase(of);
    assemble(reply);
    return reply;
}

void Exchange::assemble(Reply& reply)
{
    uint64_t covered = 0;
    if (reply.ask.type == Cmd::read)
    {
        reply.data.resize(reply.ask.length);
    }
    for (const Part& part : reply.parts)
    {
        if (isError(part.type) && reply.succeeded() && part.payload.size() >= 4)
        {
            reply.error = ErrorValue{Reader{part.payload}.u32()};
        }
        const auto [offset, length] = part.range();
        if (!part.isContent() || offset < reply.ask.offset ||
            offset - reply.ask.offset > reply.data.size() ||
            length > reply.data.size() - (offset - reply.ask.offset))
        {
            continue; // a case of its own judges that
        }
        const auto to = reply.data.begin() +
                        static_cast<std::ptrdiff_t>(offset - reply.ask.offset);
        if (part.type == Chunk::offsetData)
        {
            std::copy(part.payload.begin() + 8, part.payload.end(), to);
        }
        else
        {
            std::fill_n(to, length, std::byte{0});
        }
        covered += length;
    }
    reply.complete = reply.succeeded() && covered == reply.data.size();
}

} // namespace conformance::nbd
