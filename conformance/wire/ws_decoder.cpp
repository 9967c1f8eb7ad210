// SPDX-License-Identifier: Apache-2.0
#include "ws_decoder.hpp"

#include "nbd_decoder.hpp"
#include "vmedia/nbd/wire.hpp"
#include "ws_heads.hpp"
#include "ws_layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace conformance
{

using vmedia::nbd::Bytes;
using vmedia::nbd::ByteView;

namespace
{

constexpr std::string_view layer = "WS";
constexpr size_t headerMost = 14;

/// What one side has said, and the data of its frames joined; an entry of
/// these is the number of the message that brought it.
struct Half
{
    std::vector<Message> messages;
    OneWay data;
};

/// The frames of one side.
class Frames
{
  public:
    Frames(const OneWay& from, WireKind of, uint64_t begin, Half& to) :
        stream(from), kind(of), half(to), at(begin)
    {}

    void read()
    {
        while (at < stream.size())
        {
            const Bytes ahead = stream.read(at, headerMost);
            const auto header = ws::parseHeader(ahead);
            if (!header)
            {
                takeRemnant();
            }
            else
            {
                takeFrame(*header);
            }
        }
    }

  private:
    void takeFrame(const ws::Header& header)
    {
        const uint64_t there = std::min(header.length,
                                        stream.size() - at - header.size);
        Message message = messageAt(stream, kind, layer, at,
                                    header.size + there);
        layOutFrame(header, message);
        const bool isData = !ws::isControl(header.opcode) &&
                            header.opcode <= ws::Opcode::binary &&
                            header.rsv == 0;
        if (isData && !closed)
        {
            join(header, at + header.size, there);
        }
        closed = closed || header.opcode == ws::Opcode::close;
        finish(std::move(message));
    }

    /// The payload, unmasked, with its gaps.
    void join(const ws::Header& header, uint64_t from, uint64_t length)
    {
        const size_t number = half.messages.size();
        for (uint64_t done = 0; done < length;)
        {
            const uint64_t kept = std::min(stream.nextKept(from + done) - from,
                                           length);
            half.data.skip(number, kept - done);
            const uint64_t gap = std::min(stream.nextGap(from + kept) - from,
                                          length);
            Bytes bytes = stream.read(from + kept,
                                      static_cast<size_t>(gap - kept));
            if (header.mask)
            {
                ws::applyMask(bytes, *header.mask,
                              static_cast<size_t>(kept % 4));
            }
            half.data.append(number, ByteView(bytes));
            done = gap;
        }
    }

    /// What begins no frame: the stream ends in a header, or has a gap.
    void takeRemnant()
    {
        const uint64_t gap = stream.nextGap(at);
        if (gap == stream.size())
        {
            Message message = messageAt(stream, kind, layer, at, gap - at);
            layOutBytes(message, "a part of a frame's header");
            message.unparsed = true;
            return finish(std::move(message));
        }
        const uint64_t kept = stream.nextKept(gap);
        takeLost(kept - at, "not kept");
        if (kept < stream.size())
        {
            const uint64_t out = outOfStep();
            if (out != 0)
            {
                takeLost(out, "the rest of what was not kept");
            }
        }
    }

    void takeLost(uint64_t count, std::string_view title)
    {
        Message message = messageAt(stream, kind, layer, at, count);
        message.title = title;
        message.summary = fmt::format("{} byte{}", count,
                                      count == 1 ? "" : "s");
        half.data.skip(half.messages.size(), count);
        finish(std::move(message));
    }

    /// How many bytes after a gap belong to no frame that can be read.
    uint64_t outOfStep() const
    {
        constexpr size_t runMost = 8192;
        constexpr size_t triesMost = 512;
        const uint64_t length = stream.nextGap(at) - at;
        const Bytes run = stream.read(at, runMost);
        for (size_t i = 0; i < std::min(run.size(), triesMost); ++i)
        {
            if (leads(ByteView(run).subspan(i), i == 0))
            {
                return i;
            }
        }
        return length;
    }

    /// Whether frames that break no rule fill @p run; the last one may go on
    /// behind it if @p isEntry, for most entries begin with a frame.
    bool leads(ByteView run, bool isEntry) const
    {
        while (!run.empty())
        {
            const auto header = ws::parseHeader(run);
            if (!header || header->rsv != 0 || header->length == 0 ||
                header->mask.has_value() != (kind == WireKind::sent) ||
                !header->isMinimal() ||
                ws::nameOf(header->opcode).starts_with("opcode"))
            {
                return false;
            }
            const uint64_t left = run.size() - header->size;
            if (header->length > left)
            {
                return isEntry;
            }
            run =
                run.subspan(header->size + static_cast<size_t>(header->length));
        }
        return true;
    }

    void finish(Message message)
    {
        at += message.length;
        shorten(message);
        half.messages.push_back(std::move(message));
    }

    const OneWay& stream;
    WireKind kind;
    Half& half;
    uint64_t at;
    bool closed = false; ///< data behind a Close frame says nothing (5.5.1)
};

bool greets(const OneWay& data)
{
    const Bytes first = data.read(0, sizeof(uint64_t));
    return first.size() == sizeof(uint64_t) &&
           vmedia::nbd::Reader(first).u64() == vmedia::nbd::nbdMagic;
}

/// Puts each message of NBD behind the one that completed it.
void addNbd(Half& client, Half& server)
{
    const bool weServe = greets(client.data);
    if (weServe == greets(server.data))
    {
        return; // no NBD, or an echo of it
    }
    auto found = weServe ? decodeNbd(server.data, client.data)
                         : decodeNbd(client.data, server.data);
    std::vector<std::vector<Message>> behind[2];
    behind[0].resize(client.messages.size());
    behind[1].resize(server.messages.size());
    for (Message& message : found)
    {
        const bool isClient = (message.kind == WireKind::sent) != weServe;
        if (message.unparsed && message.fields.size() == 1 &&
            message.fields.front().name == message.title)
        {
            continue; // the frame itself says as much
        }
        const Half& half = isClient ? client : server;
        const size_t last =
            half.data.entryOf(message.offset + message.length - 1);
        message.kind = isClient ? WireKind::sent : WireKind::received;
        message.entry = half.messages[last].entry;
        message.carried = true;
        behind[isClient ? 0 : 1][last].push_back(std::move(message));
    }
    for (Half* half : {&client, &server})
    {
        std::vector<Message> all;
        auto& mine = behind[half == &client ? 0 : 1];
        for (size_t i = 0; i < mine.size(); ++i)
        {
            all.push_back(std::move(half->messages[i]));
            std::ranges::move(mine[i], std::back_inserter(all));
        }
        half->messages = std::move(all);
    }
}

/// Whether both are frames of one kind and length.
bool alike(const Message& a, const Message& b)
{
    return a.layer == layer && b.layer == layer && a.kind == b.kind &&
           a.length == b.length && a.unparsed == b.unparsed &&
           a.title == b.title && a.bytes.size() > 1 && b.bytes.size() > 1 &&
           a.bytes[0] == b.bytes[0] && a.bytes[1] == b.bytes[1];
}

/// A message in hundreds of frames is one line.
std::vector<Message> fold(std::vector<Message> messages)
{
    constexpr std::ptrdiff_t many = 4;
    std::vector<Message> all;
    for (auto from = messages.begin(); from != messages.end();)
    {
        const auto to = std::find_if(
            from + 1, messages.end(),
            [&from](const Message& one) { return !alike(*from, one); });
        if (to - from >= many)
        {
            all.push_back(folded(std::span(from, to)));
        }
        else
        {
            std::move(from, to, std::back_inserter(all));
        }
        from = to;
    }
    return all;
}

} // namespace

std::vector<Message> decodeWebSocket(const OneWay& client, const OneWay& server)
{
    WsHeads answers = readAnswers(server);
    WsHeads requests = readRequests(client, answers.opened);
    Half ours{std::move(requests.messages), {}};
    Half theirs{std::move(answers.messages), {}};
    Frames(client, WireKind::sent, requests.end, ours).read();
    Frames(server, WireKind::received, answers.end, theirs).read();
    addNbd(ours, theirs);
    std::vector<Message> all = std::move(ours.messages);
    std::ranges::move(theirs.messages, std::back_inserter(all));
    std::ranges::stable_sort(all, {}, &Message::entry);
    return fold(std::move(all));
}

} // namespace conformance
