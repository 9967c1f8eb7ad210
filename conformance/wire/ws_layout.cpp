// SPDX-License-Identifier: Apache-2.0
#include "ws_layout.hpp"

#include "vmedia/error/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace conformance
{

using vmedia::nbd::Bytes;
using vmedia::nbd::ByteView;

namespace
{

/// Of a message; what lies behind it is payload.
constexpr size_t readMost = 64 << 10;
/// A head is worth reading whole.
constexpr size_t shownMost = 1024;
constexpr size_t fieldsMax = 80;
constexpr size_t valueMost = 200; ///< bytes of a text in a field
constexpr size_t textMost = 32;   ///< bytes of a text in a summary
constexpr size_t hexMost = 16;    ///< bytes that are no text

std::string bytesOf(uint64_t count)
{
    return fmt::format("{} byte{}", count, count == 1 ? "" : "s");
}

std::string_view textOf(ByteView bytes)
{
    return vmedia::nbd::Reader(bytes).text(bytes.size());
}

bool isText(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
        return std::isprint(c) != 0;
    });
}

std::string quoted(std::string_view text, size_t most)
{
    return fmt::format("'{}'", vmedia::printable(text, most));
}

/// The first of them, as text if they are that, and else in hex.
std::string preview(ByteView bytes, uint64_t length)
{
    const std::string_view text = textOf(bytes);
    if (isText(text.substr(0, textMost)))
    {
        return quoted(text, textMost);
    }
    std::string hex;
    for (const std::byte byte : bytes.first(std::min(bytes.size(), hexMost)))
    {
        hex += fmt::format("{}{:02x}", hex.empty() ? "" : " ",
                           std::to_integer<unsigned>(byte));
    }
    return length > hexMost ? hex + " …" : hex;
}

/// Adds fields one behind the other.
class Fields
{
  public:
    explicit Fields(Message& of) : message(of) {}

    /// A @p length of 0 is for what shares a byte with the field before it.
    void add(std::string_view name, std::string value, uint64_t length)
    {
        message.fields.push_back(
            {std::string(name), std::move(value), at, length});
        at += length;
    }
    void addRest(std::string_view name)
    {
        if (at < message.length)
        {
            add(name, bytesOf(message.length - at), message.length - at);
        }
    }

  private:
    Message& message;
    uint64_t at = 0;
};

std::string titleOf(ws::Opcode opcode)
{
    switch (opcode)
    {
        case ws::Opcode::ping:
            return "Ping";
        case ws::Opcode::pong:
            return "Pong";
        case ws::Opcode::close:
            return "Close";
        case ws::Opcode::continuation:
        case ws::Opcode::text:
        case ws::Opcode::binary:
            return ws::nameOf(opcode) + " frame";
    }
    return fmt::format("frame with opcode {:#x}",
                       static_cast<unsigned>(opcode));
}

bool isReserved(ws::Opcode opcode)
{
    return titleOf(opcode).starts_with("frame");
}

/// RFC 6455, 7.4.1, and IANA's registry of close codes.
std::string_view meaningOf(uint16_t code)
{
    constexpr std::pair<uint16_t, std::string_view> codes[] = {
        {1000, "normal closure"},
        {1001, "going away"},
        {1002, "protocol error"},
        {1003, "unsupported data"},
        {1004, "reserved"},
        {1005, "reserved: no code"},
        {1006, "reserved: abnormal closure"},
        {1007, "invalid payload data"},
        {1008, "policy violation"},
        {1009, "message too big"},
        {1010, "mandatory extension"},
        {1011, "internal error"},
        {1012, "service restart"},
        {1013, "try again later"},
        {1014, "bad gateway"},
        {1015, "reserved: TLS handshake"},
    };
    const auto* found = std::ranges::find(
        codes, code, &std::pair<uint16_t, std::string_view>::first);
    return found != std::end(codes)       ? found->second
           : code >= 4000 && code <= 4999 ? "private use"
           : code >= 3000 && code <= 3999 ? "of a library or application"
                                          : "undefined";
}

void layOutClose(Message& message, Fields& fields, ByteView payload,
                 std::string_view odd)
{
    const auto close = ws::parseClose(payload);
    if (!close)
    {
        message.unparsed = true;
        message.summary += ": half a code";
        return;
    }
    if (!close->code)
    {
        message.summary += ", without a code";
        return;
    }
    const std::string_view meaning = meaningOf(*close->code);
    message.title = fmt::format("Close {}", *close->code);
    message.summary = fmt::format("{}{}", meaning, odd);
    fields.add("status code", fmt::format("{} ({})", *close->code, meaning), 2);
    if (!close->reason.empty())
    {
        message.summary += ": " + quoted(close->reason, valueMost);
        fields.add("reason", quoted(close->reason, valueMost),
                   close->reason.size());
    }
}

std::string_view name(ws::LengthForm form)
{
    return form == ws::LengthForm::bits16   ? "16 bits"
           : form == ws::LengthForm::bits64 ? "64 bits"
                                            : "7 bits";
}

/// What is unusual about a frame is worth a word in its line.
std::string oddities(const ws::Header& header, bool isOurs)
{
    std::string text;
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
    add(isOurs && !header.mask, "not masked");
    add(!isOurs && header.mask.has_value(), "masked");
    add(!header.isMinimal(),
        fmt::format("its length in {}", name(header.form)));
    return text;
}

void layOutHeader(const ws::Header& header, Fields& fields)
{
    fields.add("FIN", header.fin ? "1" : "0: more fragments follow", 1);
    fields.add("RSV1, RSV2, RSV3",
               fmt::format("{}, {}, {}", header.rsv >> 2 & 1,
                           header.rsv >> 1 & 1, header.rsv & 1),
               0);
    fields.add("opcode",
               fmt::format("{:#x} ({})", static_cast<unsigned>(header.opcode),
                           isReserved(header.opcode)
                               ? "reserved"
                               : ws::nameOf(header.opcode)),
               0);
    fields.add("MASK", header.mask ? "1" : "0", 1);
    const size_t extra = header.size - 2 - (header.mask ? 4 : 0);
    fields.add("payload length",
               fmt::format("{}, in {}{}", header.length, name(header.form),
                           header.isMinimal() ? "" : ": not the shortest form"),
               extra);
    if (header.mask)
    {
        fields.add("masking key", preview(*header.mask, header.mask->size()),
                   header.mask->size());
    }
}

} // namespace

Message messageAt(const OneWay& stream, WireKind kind, std::string_view layer,
                  uint64_t offset, uint64_t length)
{
    Message message;
    message.entry = stream.entryOf(offset);
    message.kind = kind;
    message.layer = layer;
    message.offset = offset;
    message.length = length;
    message.bytes = stream.read(
        offset, static_cast<size_t>(std::min<uint64_t>(length, readMost)));
    return message;
}

void shorten(Message& message)
{
    message.bytes.resize(std::min(message.bytes.size(), shownMost));
}

void layOutBytes(Message& message, std::string_view title)
{
    message.title = title;
    message.summary = bytesOf(message.length);
    if (!message.bytes.empty())
    {
        message.summary += ": " + preview(message.bytes, message.length);
    }
    Fields(message).addRest(title);
}

void layOutHead(Message& message)
{
    Fields fields(message);
    std::string_view rest = textOf(message.bytes);
    size_t count = 0;
    for (bool first = true; !rest.empty(); first = false)
    {
        const size_t end = rest.find('\n');
        const size_t size = end == rest.npos ? rest.size() : end + 1;
        std::string_view line = rest.substr(0, end);
        rest.remove_prefix(size);
        if (line.ends_with('\r'))
        {
            line.remove_suffix(1);
        }
        const size_t colon = line.find(':');
        if (first)
        {
            message.title = vmedia::printable(line, valueMost);
            fields.add("start line", quoted(line, valueMost), size);
        }
        else if (line.empty() && rest.empty())
        {
            fields.add("end of the head", "", size);
        }
        else if (message.fields.size() >= fieldsMax)
        {
            ++count;
            continue; // all of them are the rest
        }
        else if (colon == line.npos || colon == 0)
        {
            ++count;
            message.unparsed = true;
            fields.add("no field", quoted(line, valueMost), size);
        }
        else
        {
            ++count;
            std::string_view value = line.substr(colon + 1);
            value.remove_prefix(
                std::min(value.find_first_not_of(" \t"), value.size()));
            fields.add(vmedia::printable(line.substr(0, colon)),
                       quoted(value, valueMost), size);
        }
    }
    message.summary = fmt::format("{} field{}", count, count == 1 ? "" : "s");
    const bool ends = message.bytes.size() < message.length ||
                      (!message.bytes.empty() &&
                       message.fields.back().name == "end of the head");
    if (!ends)
    {
        message.unparsed = true;
        message.summary += ", without an end";
    }
    fields.addRest("the rest");
}

void layOutFrame(const ws::Header& header, Message& message)
{
    Fields fields(message);
    layOutHeader(header, fields);
    const bool isOurs = message.kind == WireKind::sent;
    Bytes payload(message.bytes.begin() +
                      static_cast<std::ptrdiff_t>(header.size),
                  message.bytes.end());
    if (header.mask)
    {
        ws::applyMask(payload, *header.mask);
    }
    const std::string odd = oddities(header, isOurs);
    message.title = titleOf(header.opcode);
    message.summary = bytesOf(header.length) + odd;
    const uint64_t there = message.length - header.size;
    const bool isWhole = payload.size() == header.length;
    if (header.opcode == ws::Opcode::close && isWhole)
    {
        layOutClose(message, fields, payload, odd);
    }
    else if (!payload.empty())
    {
        const bool tells = header.opcode != ws::Opcode::binary &&
                           header.opcode != ws::Opcode::continuation;
        if (tells)
        {
            message.summary += ": " + preview(payload, there);
        }
        fields.add(
            "payload",
            fmt::format("{}: {}", bytesOf(there), preview(payload, there)),
            there);
    }
    if (there < header.length)
    {
        message.unparsed = true;
        message.summary += fmt::format("; only {} came", there);
    }
    fields.addRest("payload");
}

Message folded(std::span<const Message> frames)
{
    Message message = frames.front();
    message.title = fmt::format("{} × {}", frames.size(), message.title);
    message.summary = fmt::format(
        "each {}", message.summary.substr(0, message.summary.find(": ")));
    message.fields.clear();
    message.bytes.clear();
    message.length = 0;
    Fields fields(message);
    uint64_t length = 0;
    for (const Message& frame : frames)
    {
        length += frame.length;
    }
    message.length = length;
    for (size_t i = 0; i < frames.size(); ++i)
    {
        vmedia::nbd::append(message.bytes, ByteView(frames[i].bytes));
        shorten(message);
        if (i < fieldsMax)
        {
            fields.add(fmt::format("frame {}", i + 1),
                       frames[i].fields.back().value, frames[i].length);
        }
    }
    fields.addRest("the other frames");
    return message;
}

} // namespace conformance
