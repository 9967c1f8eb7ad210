// SPDX-License-Identifier: Apache-2.0
#include "frame.hpp"

#include "conformance/plain_text.hpp"

#include <fmt/format.h>

namespace conformance::ws
{

using vmedia::nbd::append;
using vmedia::nbd::Reader;

namespace
{

constexpr uint8_t finBit = 0x80;
constexpr uint8_t maskBit = 0x80;
constexpr uint8_t says16 = 126; // "the following 2 bytes" (5.2)
constexpr uint8_t says64 = 127;
constexpr uint64_t most7 = 125;
constexpr uint64_t most16 = 0xFFFF;

LengthForm minimalForm(uint64_t length)
{
    return length <= most7    ? LengthForm::bits7
           : length <= most16 ? LengthForm::bits16
                              : LengthForm::bits64;
}

void appendLength(Bytes& out, uint64_t length, LengthForm form, bool masked)
{
    const uint8_t bit = masked ? maskBit : 0;
    switch (form == LengthForm::minimal ? minimalForm(length) : form)
    {
        case LengthForm::bits16:
            append(out, static_cast<uint8_t>(bit | says16));
            append(out, static_cast<uint16_t>(length));
            break;
        case LengthForm::bits64:
            append(out, static_cast<uint8_t>(bit | says64));
            append(out, length);
            break;
        default:
            append(out, static_cast<uint8_t>(bit | (length & 0x7F)));
    }
}

} // namespace

std::string nameOf(Opcode opcode)
{
    switch (opcode)
    {
        case Opcode::continuation:
            return "continuation";
        case Opcode::text:
            return "text";
        case Opcode::binary:
            return "binary";
        case Opcode::close:
            return "close";
        case Opcode::ping:
            return "ping";
        case Opcode::pong:
            return "pong";
    }
    return fmt::format("opcode 0x{:X}", static_cast<unsigned>(opcode));
}

Bytes encode(const Frame& frame)
{
    Bytes out;
    out.reserve(frame.payload.size() + 14);
    append(out, static_cast<uint8_t>(
                    (frame.fin ? finBit : 0) | (frame.rsv & 0x7) << 4 |
                    (static_cast<uint8_t>(frame.opcode) & 0xF)));
    appendLength(out, frame.declared.value_or(frame.payload.size()), frame.form,
                 frame.mask.has_value());
    if (frame.mask)
    {
        append(out, ByteView(*frame.mask));
    }
    const size_t body = out.size();
    append(out, ByteView(frame.payload));
    if (frame.mask)
    {
        applyMask(std::span(out).subspan(body), *frame.mask);
    }
    return out;
}

bool Header::isMinimal() const
{
    return form == minimalForm(length);
}

std::optional<Header> parseHeader(ByteView bytes)
{
    if (bytes.size() < 2)
    {
        return std::nullopt;
    }
    const auto first = std::to_integer<uint8_t>(bytes[0]);
    const auto second = std::to_integer<uint8_t>(bytes[1]);
    Header header{.opcode = Opcode{static_cast<uint8_t>(first & 0xF)},
                  .fin = (first & finBit) != 0,
                  .rsv = static_cast<uint8_t>(first >> 4 & 0x7)};
    const auto told = static_cast<uint8_t>(second & ~maskBit);
    const size_t more = told == says16 ? 2 : told == says64 ? 8 : 0;
    const bool masked = (second & maskBit) != 0;
    header.size = 2 + more + (masked ? sizeof(MaskKey) : 0);
    if (bytes.size() < header.size)
    {
        return std::nullopt;
    }
    Reader reader(bytes.subspan(2));
    header.form = more == 2   ? LengthForm::bits16
                  : more == 8 ? LengthForm::bits64
                              : LengthForm::bits7;
    header.length = more == 2 ? reader.u16() : more == 8 ? reader.u64() : told;
    if (masked)
    {
        MaskKey key{};
        const ByteView there = reader.bytes(key.size());
        std::copy(there.begin(), there.end(), key.begin());
        header.mask = key;
    }
    return header;
}

void applyMask(std::span<std::byte> bytes, const MaskKey& key, size_t offset)
{
    for (size_t i = 0; i < bytes.size(); ++i)
    {
        bytes[i] ^= key[(offset + i) % key.size()];
    }
}

MaskKey randomMask(std::mt19937_64& random)
{
    return vmedia::nbd::pack<4>(static_cast<uint32_t>(random()));
}

Bytes closeBody(uint16_t code, std::string_view reason)
{
    Bytes body;
    append(body, code);
    append(body, reason);
    return body;
}

bool mayBeSent(uint16_t code)
{
    // 1004, 1005, 1006 and 1015 are reserved; 1012 to 1014 came later.
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

std::optional<CloseReason> parseClose(ByteView body)
{
    if (body.empty())
    {
        return CloseReason{};
    }
    if (body.size() == 1)
    {
        return std::nullopt;
    }
    Reader reader(body);
    CloseReason close{.code = reader.u16()};
    close.reason = reader.text(reader.left());
    return close;
}

std::string describe(const CloseReason& close)
{
    if (!close.code)
    {
        return "Close without a code";
    }
    return close.reason.empty() ? fmt::format("Close {}", *close.code)
                                : fmt::format("Close {} \"{}\"", *close.code,
                                              plainText(close.reason));
}

std::string describe(const Header& header)
{
    std::string text = fmt::format("{}, {} bytes", nameOf(header.opcode),
                                   header.length);
    const auto add = [&text](bool holds, std::string_view what) {
        if (holds)
        {
            text += fmt::format(", {}", what);
        }
    };
    add(!header.fin, "not final");
    add((header.rsv & 4) != 0, "RSV1");
    add((header.rsv & 2) != 0, "RSV2");
    add((header.rsv & 1) != 0, "RSV3");
    add(header.mask.has_value(), "masked");
    add(!header.isMinimal(), "its length not in the shortest form");
    return text;
}

} // namespace conformance::ws
