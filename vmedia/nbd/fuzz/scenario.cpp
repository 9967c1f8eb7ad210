// SPDX-License-Identifier: Apache-2.0
#include "scenario.hpp"

#include <algorithm>

namespace vmedia::nbd::fuzz
{

tls::Mode Circumstances::tls() const
{
    constexpr tls::Mode modes[] = {tls::Mode::off, tls::Mode::on,
                                   tls::Mode::require, tls::Mode::off};
    return modes[bytes[0] & 3];
}

bool Circumstances::waitsForTls() const
{
    return (bytes[0] & 4) != 0;
}

bool Circumstances::sendsFiles() const
{
    return (bytes[0] & 8) != 0;
}

bool Circumstances::stops() const
{
    return (bytes[0] & 16) != 0;
}

bool Circumstances::hangsUp() const
{
    return (bytes[0] & 32) != 0;
}

std::string_view Circumstances::faults() const
{
    constexpr std::string_view plans[] = {
        "", "", "error EIO every 3; error ENOMEM 25%",
        "short every 4; error ENOSPC write 64K-65K; cut at 9"};
    return plans[bytes[0] >> 6];
}

size_t Circumstances::stopsAfter() const
{
    return bytes[1];
}

size_t Circumstances::hangsUpAfter() const
{
    return size_t{bytes[2]} << 8 | bytes[3];
}

size_t Circumstances::piece(size_t number) const
{
    return bytes[4 + number % 4];
}

namespace
{

/// Up to @p size bytes off the front.
Bytes take(Reader& reader, uint64_t size)
{
    const ByteView view = reader.bytes(
        static_cast<size_t>(std::min<uint64_t>(size, reader.left())));
    return {view.begin(), view.end()};
}

bool takeOption(Reader& reader, ByteView rest, Conversation& into)
{
    if (rest.size() < OptionHeader::wireSize)
    {
        return false;
    }
    const auto header =
        decodeOptionHeader(rest.first<OptionHeader::wireSize>());
    if (header)
    {
        reader.bytes(OptionHeader::wireSize);
        OptionMessage option{static_cast<uint32_t>(header->option)};
        option.data = take(reader, header->length);
        option.lie = header->length - static_cast<uint32_t>(option.data.size());
        into.messages.emplace_back(std::move(option));
    }
    return header.has_value();
}

bool takeRequest(Reader& reader, ByteView rest, Conversation& into)
{
    if (rest.size() < Request::wireSize)
    {
        return false;
    }
    if (const auto r = decodeRequest(rest.first<Request::wireSize>()))
    {
        reader.bytes(Request::wireSize);
        RequestMessage request{false,     r->flags,  r->type,
                               r->cookie, r->offset, r->length};
        request.payload = take(reader, r->type == Cmd::write ? r->length : 0);
        into.messages.emplace_back(std::move(request));
        return true;
    }
    if (rest.size() < ExtendedRequest::wireSize)
    {
        return false;
    }
    const auto r =
        decodeExtendedRequest(rest.first<ExtendedRequest::wireSize>());
    if (r)
    {
        reader.bytes(ExtendedRequest::wireSize);
        const bool carries = (r->flags & commandPayloadLen) != 0;
        RequestMessage request{true,      r->flags,  r->type,
                               r->cookie, r->offset, r->length};
        request.payload = take(reader, carries ? r->length : 0);
        into.messages.emplace_back(std::move(request));
    }
    return r.has_value();
}

void append(Bytes& out, const OptionMessage& option)
{
    const auto length = static_cast<uint32_t>(option.data.size()) + option.lie;
    nbd::append(out, encode(OptionHeader{Opt{option.code}, length}));
    nbd::append(out, option.data);
}

void append(Bytes& out, const RequestMessage& r)
{
    if (r.extended)
    {
        nbd::append(out, encode(ExtendedRequest{r.flags, r.type, r.cookie,
                                                r.offset, r.length}));
    }
    else
    {
        nbd::append(out, encode(Request{r.flags, r.type, r.cookie, r.offset,
                                        static_cast<uint32_t>(r.length)}));
    }
    nbd::append(out, r.payload);
}

void append(Bytes& out, const Bytes& raw)
{
    nbd::append(out, ByteView(raw));
}

} // namespace

Conversation Conversation::of(ByteView bytes)
{
    Conversation conversation;
    Reader reader{bytes};
    if (reader.left() >= 4)
    {
        conversation.clientFlags = reader.u32();
    }
    while (reader.left() > 0)
    {
        const ByteView rest = bytes.last(reader.left());
        if (!takeOption(reader, rest, conversation) &&
            !takeRequest(reader, rest, conversation))
        {
            conversation.messages.emplace_back(take(reader, rest.size()));
        }
    }
    return conversation;
}

Bytes Conversation::toBytes() const
{
    Bytes out;
    nbd::append(out, clientFlags);
    for (const Message& message : messages)
    {
        std::visit([&out](const auto& one) { append(out, one); }, message);
    }
    return out;
}

void Conversation::align()
{
    bool extended = false;
    for (Message& message : messages)
    {
        if (const auto* option = std::get_if<OptionMessage>(&message))
        {
            const Opt code{option->code};
            extended = code == Opt::extendedHeaders ||
                       (extended && code != Opt::startTls);
        }
        else if (auto* request = std::get_if<RequestMessage>(&message))
        {
            request->extended = extended;
            const bool write = request->type == Cmd::write;
            if (extended && !request->payload.empty())
            {
                request->flags |= commandPayloadLen;
            }
            else
            {
                request->flags &= static_cast<uint16_t>(~commandPayloadLen);
            }
            if (write || (extended && !request->payload.empty()))
            {
                request->length = request->payload.size();
            }
            else if (!extended)
            {
                request->payload.clear();
            }
        }
    }
}

} // namespace vmedia::nbd::fuzz
