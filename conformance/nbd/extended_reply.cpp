// SPDX-License-Identifier: Apache-2.0
#include "extended_reply.hpp"

#include "conformance/nbd/reply_header.hpp"
#include "conformance/nbd/steps.hpp"
#include "conformance/nbd/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr uint32_t minimumMax = 1 << 16; // of any block size that is told
/// More than any reply to what is asked here.
constexpr uint64_t dataMax = 64 << 20;
constexpr size_t partsMax = 4096;

std::string textOf(const ReplyPart& part)
{
    constexpr std::string_view forms[] = {"simple reply", "structured reply",
                                          "extended reply"};
    return fmt::format("{}, {}, flags {:#x}, cookie {:#x}{}, {}",
                       forms[static_cast<size_t>(part.form)], nameOf(part.type),
                       part.flags, part.cookie,
                       part.form == Replies::extended
                           ? fmt::format(", offset {}", part.offset)
                           : "",
                       dump(part.data));
}

} // namespace

std::vector<const ReplyPart*> WholeReply::of(Chunk type) const
{
    std::vector<const ReplyPart*> found;
    for (const ReplyPart& part : parts)
    {
        if (part.type == type)
        {
            found.push_back(&part);
        }
    }
    return found;
}

void Conversation::negotiate()
{
    if (form == Replies::simple)
    {
        return;
    }
    needOption(peer, form == Replies::extended ? Opt::extendedHeaders
                                               : Opt::structuredReply);
}

void Conversation::go(std::initializer_list<Info> wanted)
{
    peer.sendInfo(Opt::go, peer.profile().exportName, wanted);
    const auto answer = peer.wantAnswer(Opt::go, {Rep::ack});
    if (answer)
    {
        info = answer->exportInfo().value_or(InfoExport{});
        if (info.size < uint64_t{2} * block)
        {
            peer.conclude(
                notApplicable("the export is smaller than 1024 bytes"));
        }
    }
}

void Conversation::enter()
{
    negotiate();
    go();
}

uint64_t Conversation::send(Cmd type, uint64_t offset, uint64_t length,
                            uint16_t flags, ByteView payload)
{
    if (form == Replies::extended)
    {
        const bool carries = !payload.empty();
        return sendRaw(
            {static_cast<uint16_t>(flags | (carries ? commandPayloadLen : 0)),
             type, 0, offset, carries ? payload.size() : length},
            payload);
    }
    const uint64_t cookie = peer.random()();
    peer.send(requestBytes(
        {flags, type, cookie, offset, static_cast<uint32_t>(length)}, payload));
    return cookie;
}

uint64_t Conversation::sendRaw(ExtendedRequest request, ByteView payload)
{
    request.cookie = peer.random()();
    Bytes bytes;
    append(bytes, encode(request));
    append(bytes, payload);
    peer.send(bytes);
    return request.cookie;
}

std::optional<ReplyPart> Conversation::wantPart(Cmd type, uint64_t length)
{
    const auto header = wantReplyHeader(peer, form,
                                        "a reply to " + nameOf(type));
    if (!header)
    {
        return std::nullopt;
    }
    ReplyPart part{header->form,   header->flags,  header->type,
                   header->cookie, header->offset, {}};
    uint64_t size = header->length;
    if (header->form == Replies::simple)
    {
        const bool failed = header->error != ErrorValue::none;
        if (failed)
        {
            append(part.data, static_cast<uint32_t>(header->error));
        }
        part.type = failed              ? Chunk::error
                    : type == Cmd::read ? Chunk::offsetData
                                        : Chunk::none;
        size = part.type == Chunk::offsetData ? length : 0;
    }
    peer.want(size <= dataMax, fmt::format("a chunk of {} bytes", size));
    const auto data = peer.wantBytes(size, "the data of a reply");
    if (!data)
    {
        return std::nullopt;
    }
    append(part.data, *data);
    return part;
}

std::optional<WholeReply> Conversation::wantReply(uint64_t cookie, Cmd type,
                                                  uint64_t length)
{
    WholeReply whole;
    while (whole.parts.size() < partsMax)
    {
        auto part = wantPart(type, length);
        if (!part)
        {
            return std::nullopt;
        }
        peer.want(part->cookie == cookie,
                  fmt::format("cookie {:#x}", part->cookie),
                  fmt::format("cookie {:#x}", cookie));
        if (isError(part->type) && part->data.size() >= 4)
        {
            whole.error = ErrorValue{Reader{part->data}.u32()};
        }
        const bool last = (part->flags & replyDone) != 0;
        whole.parts.push_back(std::move(*part));
        if (peer.stopped())
        {
            return std::nullopt;
        }
        if (last)
        {
            return whole;
        }
    }
    peer.conclude(
        failed(fmt::format("{} chunks without a last one", partsMax)));
    return std::nullopt;
}

std::optional<WholeReply> Conversation::ask(Cmd type, uint64_t offset,
                                            uint64_t length, uint16_t flags,
                                            ByteView payload)
{
    const uint64_t cookie = send(type, offset, length, flags, payload);
    return wantReply(cookie, type, length);
}

void Conversation::wantError(const std::optional<WholeReply>& reply,
                             std::initializer_list<ErrorValue> accepted)
{
    peer.want(!reply ||
                  std::ranges::find(accepted, reply->error) != accepted.end(),
              reply ? nameOf(reply->error) : "", listed(accepted));
}

Bytes Conversation::read(uint64_t offset, uint32_t length)
{
    const auto reply = ask(Cmd::read, offset, length);
    Bytes content(length);
    if (!reply)
    {
        return content;
    }
    peer.want(reply->error == ErrorValue::none, nameOf(reply->error),
              fmt::format("{} bytes from {}", length, offset));
    uint64_t covered = 0;
    for (const ReplyPart& part : reply->parts)
    {
        const bool simple = part.form == Replies::simple;
        if (part.type == Chunk::offsetData)
        {
            const size_t head = simple ? 0 : 8;
            peer.want(part.data.size() >= head, textOf(part));
            if (peer.stopped())
            {
                return content;
            }
            const uint64_t from = simple ? offset : Reader{part.data}.u64();
            const ByteView data = ByteView(part.data).subspan(head);
            if (from >= offset && from - offset <= length &&
                data.size() <= length - (from - offset))
            {
                std::ranges::copy(
                    data, content.begin() +
                              static_cast<std::ptrdiff_t>(from - offset));
                covered += data.size();
            }
        }
        else if (part.type == Chunk::offsetHole && part.data.size() == 12)
        {
            covered += Reader{ByteView(part.data).subspan(8)}.u32();
        }
    }
    peer.want(covered == length, fmt::format("{} bytes", covered),
              fmt::format("{} bytes from {}", length, offset));
    return content;
}

Verdict Conversation::wantInStep()
{
    if (!peer.closedByTarget())
    {
        read(0, info.size >= minimumMax ? minimumMax : block);
    }
    return peer.verdict();
}

std::vector<Extents>
    Conversation::extentsIn(const std::optional<WholeReply>& reply)
{
    std::vector<Extents> found;
    if (!reply)
    {
        return found;
    }
    peer.want(reply->error == ErrorValue::none, nameOf(reply->error),
              "success");
    const bool wide = form == Replies::extended;
    const size_t head = wide ? 8 : 4;
    const size_t each = wide ? 16 : 8;
    for (const ReplyPart* part :
         reply->of(wide ? Chunk::blockStatusExt : Chunk::blockStatus))
    {
        const size_t size = part->data.size();
        peer.want(
            size >= head + each && (size - head) % each == 0, textOf(*part),
            fmt::format("{} + a positive multiple of {} bytes", head, each));
        if (peer.stopped())
        {
            return found;
        }
        Reader reader{part->data};
        Extents& one = found.emplace_back(Extents{reader.u32(), {}});
        const uint32_t count = wide ? reader.u32() : 0;
        while (reader.left() > 0)
        {
            const uint64_t length = wide ? reader.u64() : reader.u32();
            one.extents.emplace_back(length,
                                     wide ? reader.u64() : reader.u32());
        }
        peer.want(!wide || count == one.extents.size(),
                  fmt::format("descriptor count {} with {} descriptors", count,
                              one.extents.size()));
    }
    peer.want(!found.empty(), "a reply without a status chunk");
    return found;
}

} // namespace conformance::nbd
