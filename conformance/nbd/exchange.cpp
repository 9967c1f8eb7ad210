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

std::string listed(std::initializer_list<ErrorValue> values)
{
    std::string text;
    for (const ErrorValue value : values)
    {
        text += (text.empty() ? "" : " or ") + nameOf(value);
    }
    return text;
}

} // namespace

Exchange::Exchange(Peer& peer, Form form) : client(peer)
{
    if (!negotiate(form))
    {
        return;
    }
    client.sendInfo(Opt::go, client.profile().exportName, {Info::blockSize});
    const auto entered = client.wantAnswer(Opt::go, {Rep::ack});
    if (!entered)
    {
        return;
    }
    if (const auto told = entered->exportInfo())
    {
        info = *told;
    }
    for (const OptionReply& part : entered->parts)
    {
        if (const auto sizes = decodeInfoBlockSize(part.data);
            part.type == Rep::info && sizes)
        {
            toldBlockSizes = true;
            minimumBlock = std::max(1U, sizes->minimum);
            maximum = sizes->maximum;
        }
    }
    needsSize(uint64_t{2} * block(), "two blocks");
}

bool Exchange::negotiate(Form form)
{
    if (form == Form::simple)
    {
        return true;
    }
    client.sendOption(Opt::structuredReply);
    const auto answer = client.wantAnswer(Opt::structuredReply);
    if (!answer)
    {
        return false;
    }
    structured = answer->acknowledged();
    if (!structured)
    {
        client.conclude(notApplicable("the target has no structured replies"));
        return false;
    }
    return form == Form::structured || selectAllocation();
}

bool Exchange::selectAllocation()
{
    const std::string_view query = "base:allocation";
    client.sendOption(
        Opt::setMetaContext,
        encodeMetaRequest(client.profile().exportName, std::span(&query, 1)));
    const auto answer = client.wantAnswer(Opt::setMetaContext);
    if (!answer)
    {
        return false;
    }
    for (const OptionReply& part : answer->parts)
    {
        if (part.type == Rep::metaContext && part.data.size() >= 4)
        {
            contextId = Reader{part.data}.u32();
            return true;
        }
    }
    client.conclude(notApplicable("the target has no base:allocation"));
    return false;
}

Exchange::~Exchange()
{
    if (loans.empty())
    {
        return;
    }
    client.hangUp(); // its writes are answered, or will not be done
    Peer other = client.another();
    other.start();
    Exchange io(other);
    for (const Loan& loan : loans)
    {
        io.wantSuccess({Cmd::write, loan.offset,
                        static_cast<uint32_t>(loan.content.size())},
                       loan.content);
    }
    other.sendDisconnect();
    other.wantClosed();
}

void Exchange::needs(TransmissionFlag flag, std::string_view name)
{
    if (!has(flag))
    {
        client.conclude(
            notApplicable(fmt::format("NBD_FLAG_{} is not set", name)));
    }
}

void Exchange::needsUnset(TransmissionFlag flag, std::string_view name)
{
    if (has(flag))
    {
        client.conclude(notApplicable(fmt::format("NBD_FLAG_{} is set", name)));
    }
}

void Exchange::needsSize(uint64_t least, std::string_view text)
{
    if (info.size < least)
    {
        client.conclude(
            notApplicable(fmt::format("the export is smaller than {}", text)));
    }
}

void Exchange::needsMinimumOfOne()
{
    if (minimumBlock > 1)
    {
        client.conclude(notApplicable(
            fmt::format("the minimum block size is {} bytes", minimumBlock)));
    }
}

void Exchange::needsBlockSizes()
{
    if (!toldBlockSizes)
    {
        client.conclude(notApplicable("the target tells no block sizes"));
    }
}

Bytes Exchange::borrow(uint64_t offset, uint32_t length)
{
    needsUnset(readOnly, "READ_ONLY");
    Bytes content = read(offset, length);
    if (!client.stopped())
    {
        loans.push_back({offset, content});
    }
    return content;
}

Bytes Exchange::prepare(uint64_t cookie, const Ask& ask, ByteView payload)
{
    pending.emplace(cookie, Pending{ask});
    Bytes bytes;
    append(bytes, encode(Request{ask.flags, ask.type, cookie, ask.offset,
                                 ask.length}));
    append(bytes, payload);
    return bytes;
}

void Exchange::sendAs(uint64_t cookie, const Ask& ask, ByteView payload)
{
    client.send(prepare(cookie, ask, payload),
                fmt::format("{}, cookie {:#x}", describe(ask), cookie));
}

uint64_t Exchange::send(const Ask& ask, ByteView payload)
{
    const uint64_t cookie = client.random()();
    sendAs(cookie, ask, payload);
    return cookie;
}

void Exchange::sendTogether(std::span<const Ask> asks)
{
    Bytes all;
    for (const Ask& ask : asks)
    {
        append(all, prepare(client.random()(), ask));
    }
    client.send(all, asks.empty()
                         ? "nothing"
                         : fmt::format("{} requests at once, first {}",
                                       asks.size(), describe(asks.front())));
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
    const auto magic = client.take(sizeof(uint32_t), "a reply");
    if (!magic)
    {
        return std::nullopt;
    }
    const uint32_t found = Reader{*magic}.u32();
    if (found == simpleReplyMagic)
    {
        return simpleReply();
    }
    if (found != structuredReplyMagic)
    {
        client.conclude(
            failed(fmt::format("{:#010x}", found), "the magic of a reply"));
        return std::nullopt;
    }
    if (!structured)
    {
        client.conclude(failed("a structured reply chunk", "a simple reply"));
        return std::nullopt;
    }
    while (true)
    {
        auto reply = chunk();
        if (reply || client.stopped() || client.closedByTarget())
        {
            return reply;
        }
        const auto next = client.take(sizeof(uint32_t), "the next chunk");
        if (!next)
        {
            return std::nullopt;
        }
        const uint32_t which = Reader{*next}.u32();
        if (which == simpleReplyMagic)
        {
            return simpleReply(); // of another request
        }
        if (which != structuredReplyMagic)
        {
            client.conclude(
                failed(fmt::format("{:#010x}", which), "the magic of a reply"));
            return std::nullopt;
        }
    }
}

std::optional<Reply> Exchange::simpleReply()
{
    const auto rest = client.take(12, "the rest of a simple reply");
    if (!rest)
    {
        return std::nullopt;
    }
    Reader reader{*rest};
    Reply reply;
    reply.error = ErrorValue{reader.u32()};
    reply.cookie = reader.u64();
    const auto of = find(reply.cookie);
    if (of == pending.end())
    {
        return std::nullopt;
    }
    reply.ask = of->second.ask;
    const bool started = !of->second.parts.empty();
    pending.erase(of);
    client.note(fmt::format("<- simple reply to {}, {}, cookie {:#x}",
                            nameOf(reply.ask.type), nameOf(reply.error),
                            reply.cookie));
    client.want(!started, "a simple reply after chunks of the same reply",
                "chunks up to NBD_REPLY_FLAG_DONE");
    if (reply.ask.type == Cmd::read && reply.succeeded() && !structured)
    {
        auto data = client.take(reply.ask.length, "the data of NBD_CMD_READ");
        if (!data)
        {
            return std::nullopt;
        }
        reply.data = std::move(*data);
        reply.complete = true;
    }
    return reply;
}

std::optional<Reply> Exchange::chunk()
{
    const auto head = client.take(ChunkHeader::wireSize - 4,
                                  "the rest of a chunk's header");
    if (!head)
    {
        return std::nullopt;
    }
    Reader reader{*head};
    Part part{.flags = reader.u16(), .type = Chunk{reader.u16()}};
    const uint64_t cookie = reader.u64();
    const uint32_t length = reader.u32();
    client.note(fmt::format("<- chunk {}, flags {:#x}, {} bytes, cookie {:#x}",
                            nameOf(part.type), part.flags, length, cookie));
    const auto of = find(cookie);
    if (of == pending.end())
    {
        return std::nullopt;
    }
    if (length > chunkMax)
    {
        client.conclude(failed(fmt::format("a chunk of {} bytes", length),
                               "a chunk that a client can take"));
        return std::nullopt;
    }
    auto payload = client.take(length, "the payload of a chunk");
    if (!payload)
    {
        return std::nullopt;
    }
    part.payload = std::move(*payload);
    const bool last = (part.flags & replyDone) != 0;
    of->second.parts.push_back(std::move(part));
    if (!last)
    {
        return std::nullopt;
    }
    Reply reply{.cookie = cookie, .ask = of->second.ask, .structured = true};
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
        if (part.isError() && reply.succeeded() && part.payload.size() >= 4)
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

std::optional<Reply> Exchange::answer(const Ask& ask, ByteView payload)
{
    send(ask, payload);
    return receive();
}

Bytes Exchange::read(uint64_t offset, uint32_t length, uint16_t flags)
{
    const Ask ask{Cmd::read, offset, length, flags};
    auto reply = answer(ask);
    if (!reply)
    {
        return Bytes(length); // the verdict tells why
    }
    client.want(reply->succeeded(),
                nameOf(reply->error) + " to " + describe(ask), "its data");
    client.want(reply->complete || !reply->succeeded(),
                "chunks that do not make up " + describe(ask), "its data");
    reply->data.resize(length);
    return std::move(reply->data);
}

void Exchange::wantSuccess(const Ask& ask, ByteView payload)
{
    if (const auto reply = answer(ask, payload))
    {
        client.want(reply->succeeded(),
                    nameOf(reply->error) + " to " + describe(ask), "success");
    }
}

void Exchange::wantContent(uint64_t offset, ByteView wanted,
                           std::string_view what)
{
    const Bytes got = read(offset, static_cast<uint32_t>(wanted.size()));
    const auto [at, other] = std::ranges::mismatch(got, wanted);
    if (at != got.end())
    {
        client.want(
            false,
            fmt::format("{:#04x} at offset {}", std::to_integer<unsigned>(*at),
                        offset + static_cast<uint64_t>(at - got.begin())),
            fmt::format("{:#04x}: {}", std::to_integer<unsigned>(*other),
                        what));
    }
}

void Exchange::wantError(const Ask& ask,
                         std::initializer_list<ErrorValue> accepted,
                         ByteView payload)
{
    if (const auto reply = answer(ask, payload))
    {
        client.want(std::ranges::find(accepted, reply->error) != accepted.end(),
                    nameOf(reply->error) + " to " + describe(ask),
                    listed(accepted));
        wantInStep();
    }
}

Verdict Exchange::noteAnswer(const Ask& ask, ByteView payload)
{
    const auto reply = answer(ask, payload);
    if (reply)
    {
        wantInStep();
        client.conclude(noted(nameOf(reply->error)));
    }
    return verdict();
}

void Exchange::wantInStep()
{
    read(0, block());
}

WorkArea::WorkArea(Exchange& io) :
    unit(std::max(16U << 10, io.minimum())), begin(uint64_t{16} * unit),
    size(16 * unit), middle(begin + uint64_t{4} * unit), middleSize(8 * unit)
{
    io.needsSize(begin + size, "the area that would be written");
    before = io.borrow(begin, size);
}

Bytes WorkArea::with(ByteView content) const
{
    Bytes all = before;
    std::ranges::copy(content, all.begin() +
                                   static_cast<std::ptrdiff_t>(middle - begin));
    return all;
}

} // namespace conformance::nbd
