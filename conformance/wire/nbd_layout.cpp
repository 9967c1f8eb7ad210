// SPDX-License-Identifier: Apache-2.0
#include "nbd_layout.hpp"

#include "layout.hpp"
#include "vmedia/error/text.hpp"
#include "vmedia/nbd/chunk.hpp"
#include "vmedia/nbd/flag_names.hpp"

#include <algorithm>

namespace conformance
{

using namespace vmedia::nbd;

namespace
{

/// An enumeration as the spec names it, with its number.
template <typename Type>
std::string named(uint64_t value)
{
    using Number = std::underlying_type_t<Type>;
    return fmt::format("{} ({})", nameOf(Type{static_cast<Number>(value)}),
                       value);
}

template <std::string (*names)(uint16_t)>
std::string flags16(uint64_t value)
{
    return names(static_cast<uint16_t>(value));
}

std::string clientFlags(uint64_t value)
{
    return clientFlagNames(static_cast<uint32_t>(value));
}

/// 64 bits that are eight letters.
std::string letters(uint64_t value)
{
    std::string text;
    for (int shift = 56; shift >= 0; shift -= 8)
    {
        text += static_cast<char>(value >> shift);
    }
    return fmt::format("'{}'", vmedia::printable(text));
}

void optionData(Layout& layout, Opt option)
{
    const bool isMeta = option == Opt::listMetaContext ||
                        option == Opt::setMetaContext;
    if (option == Opt::exportName)
    {
        return layout.string("export name");
    }
    if (option != Opt::info && option != Opt::go && !isMeta)
    {
        layout.rest("data");
        return;
    }
    layout.string("export name", layout.number("export name length", 4));
    if (!isMeta)
    {
        layout.number("number of information requests", 2);
        while (layout.left() != 0 && !layout.full())
        {
            layout.number("information request", 2, named<Info>);
        }
    }
    else
    {
        layout.number("number of queries", 4);
        while (layout.left() != 0 && !layout.full())
        {
            layout.string("query", layout.number("query length", 4));
        }
    }
    layout.rest("more");
}

void infoData(Layout& layout)
{
    const Info type{static_cast<uint16_t>(
        layout.number("information type", 2, named<Info>))};
    switch (type)
    {
        case Info::exportSize:
            layout.number("export size", 8);
            layout.number("transmission flags", 2,
                          flags16<transmissionFlagNames>);
            break;
        case Info::name:
            return layout.string("export name");
        case Info::description:
            return layout.string("description");
        case Info::blockSize:
            layout.number("minimum block size", 4);
            layout.number("preferred block size", 4);
            layout.number("maximum payload size", 4);
            break;
    }
    layout.rest("unparsed bytes");
}

void replyData(Layout& layout, Rep type)
{
    switch (type)
    {
        case Rep::server:
            layout.string("export name",
                          layout.number("export name length", 4));
            return layout.string("details");
        case Rep::info:
            return infoData(layout);
        case Rep::metaContext:
            layout.number("metadata context ID", 4);
            return layout.string("metadata context name");
        default:
            break;
    }
    if (isError(type))
    {
        return layout.string("message");
    }
    layout.rest("data");
}

void extents(Layout& layout, size_t width)
{
    while (layout.left() != 0 && !layout.full())
    {
        layout.number("extent length", width);
        layout.number("status flags", width, allocationFlagNames);
    }
    layout.rest("more extents");
}

void chunkData(Layout& layout, Chunk type)
{
    switch (type)
    {
        case Chunk::none:
            break;
        case Chunk::offsetData:
            layout.number("offset", 8);
            layout.rest("data");
            return;
        case Chunk::offsetHole:
            layout.number("offset", 8);
            layout.number("hole size", 4);
            break;
        case Chunk::blockStatus:
            layout.number("metadata context ID", 4);
            return extents(layout, 4);
        case Chunk::blockStatusExt:
            layout.number("metadata context ID", 4);
            layout.number("number of extents", 4);
            return extents(layout, 8);
        case Chunk::error:
        case Chunk::errorOffset:
            layout.number("error", 4, named<ErrorValue>);
            layout.string("message", layout.number("message length", 2));
            if (type == Chunk::errorOffset)
            {
                layout.number("offset", 8);
            }
            break;
    }
    layout.rest("unparsed bytes");
}

std::string toWhat(std::optional<Cmd> of)
{
    return of ? " to " + nameOf(*of) : std::string();
}

void option(Message& message, Layout& layout)
{
    layout.number("magic", 8, letters);
    const Opt which{
        static_cast<uint32_t>(layout.number("option", 4, named<Opt>))};
    layout.number("length", 4);
    message.title = nameOf(which);
    optionData(layout, which);
}

void optionReply(Message& message, Layout& layout)
{
    layout.hex("reply magic", 8);
    const Opt which{
        static_cast<uint32_t>(layout.number("option", 4, named<Opt>))};
    const Rep type{
        static_cast<uint32_t>(layout.number("reply type", 4, named<Rep>))};
    layout.number("length", 4);
    message.title = fmt::format("{} to {}", nameOf(type), nameOf(which));
    replyData(layout, type);
}

void request(Message& message, Layout& layout, size_t lengthWidth)
{
    const bool isExtended = lengthWidth == 8;
    layout.hex("magic", 4);
    const auto flags = static_cast<uint16_t>(
        layout.number("command flags", 2, flags16<commandFlagNames>));
    const Cmd type{
        static_cast<uint16_t>(layout.number("request type", 2, named<Cmd>))};
    layout.hex("cookie", 8);
    layout.number("offset", 8);
    layout.number("length", lengthWidth);
    message.title = nameOf(type) + (isExtended ? ", extended" : "");
    if (isExtended && type == Cmd::blockStatus &&
        (flags & commandPayloadLen) != 0)
    {
        layout.number("effect length", 8);
        while (layout.left() != 0 && !layout.full())
        {
            layout.number("metadata context ID", 4);
        }
    }
    layout.rest("data");
}

void simpleReply(Message& message, Layout& layout, std::optional<Cmd> of)
{
    layout.hex("simple reply magic", 4);
    layout.number("error", 4, named<ErrorValue>);
    layout.hex("cookie", 8);
    layout.rest("data");
    message.title = "simple reply" + toWhat(of);
}

void chunk(Message& message, Layout& layout, size_t lengthWidth,
           std::optional<Cmd> of)
{
    layout.hex(lengthWidth == 8 ? "extended reply magic"
                                : "structured reply magic",
               4);
    layout.number("reply flags", 2, flags16<replyFlagNames>);
    const Chunk type{
        static_cast<uint16_t>(layout.number("chunk type", 2, named<Chunk>))};
    layout.hex("cookie", 8);
    if (lengthWidth == 8)
    {
        layout.number("request offset", 8);
    }
    layout.number("chunk length", lengthWidth);
    chunkData(layout, type);
    message.title = nameOf(type) + toWhat(of);
}

void greeting(Message& message, Layout& layout, bool isOld)
{
    message.title = isOld ? "oldstyle greeting" : "greeting";
    layout.number("magic", 8, letters);
    if (!isOld)
    {
        layout.number("newstyle magic", 8, letters);
        layout.number("handshake flags", 2, flags16<handshakeFlagNames>);
        return;
    }
    layout.hex("oldstyle magic", 8);
    layout.number("export size", 8);
    layout.number("handshake flags", 2, flags16<handshakeFlagNames>);
    layout.number("transmission flags", 2, flags16<transmissionFlagNames>);
    layout.rest("zeroes");
}

/// What is worth a place in the one line.
void summarise(Message& message)
{
    constexpr std::string_view shown[] = {"handshake flags",
                                          "client flags",
                                          "export name",
                                          "query",
                                          "information request",
                                          "information type",
                                          "export size",
                                          "minimum block size",
                                          "preferred block size",
                                          "maximum payload size",
                                          "description",
                                          "message",
                                          "metadata context ID",
                                          "metadata context name",
                                          "error",
                                          "command flags",
                                          "reply flags",
                                          "cookie",
                                          "offset",
                                          "hole size",
                                          "length",
                                          "extent length",
                                          "status flags",
                                          "effect length",
                                          "data",
                                          "details",
                                          "unparsed bytes",
                                          "transmission flags",
                                          "number of extents"};
    constexpr size_t partsMax = 10;
    const bool isOption = message.fields.size() > 1 &&
                          message.fields[1].name == "option";
    size_t parts = 0;
    for (const Field& field : message.fields)
    {
        const bool quiet =
            std::ranges::find(shown, field.name) == std::end(shown) ||
            (field.value == "0x0" && field.name.ends_with("flags")) ||
            (field.name == "length" && isOption);
        if (quiet)
        {
            continue;
        }
        if (++parts > partsMax)
        {
            message.summary += ", …";
            break;
        }
        const std::string_view between = message.summary.empty() ? "" : ", ";
        message.summary += field.name == message.title
                               ? field.value
                               : fmt::format("{}{} {}", between, field.name,
                                             field.value);
    }
}

} // namespace

size_t headerSize(NbdForm form)
{
    constexpr size_t oldGreetingSize = 152; // "Oldstyle negotiation"
    switch (form)
    {
        case NbdForm::greeting:
            return Greeting::wireSize;
        case NbdForm::oldGreeting:
            return oldGreetingSize;
        case NbdForm::clientFlags:
            return sizeof(uint32_t);
        case NbdForm::option:
            return OptionHeader::wireSize;
        case NbdForm::optionReply:
            return OptionReplyHeader::wireSize;
        case NbdForm::exportReply:
            return InfoExport::wireSize - sizeof(Info);
        case NbdForm::request:
            return Request::wireSize;
        case NbdForm::extendedRequest:
            return ExtendedRequest::wireSize;
        case NbdForm::simpleReply:
            return SimpleReply::wireSize;
        case NbdForm::chunk:
            return ChunkHeader::wireSize;
        case NbdForm::extendedChunk:
            return ExtendedChunkHeader::wireSize;
    }
    return 0;
}

void layOut(NbdForm form, Message& message, std::optional<Cmd> of)
{
    Layout layout(message);
    switch (form)
    {
        case NbdForm::greeting:
        case NbdForm::oldGreeting:
            greeting(message, layout, form == NbdForm::oldGreeting);
            break;
        case NbdForm::clientFlags:
            message.title = "client flags";
            layout.number("client flags", 4, clientFlags);
            break;
        case NbdForm::option:
            option(message, layout);
            break;
        case NbdForm::optionReply:
            optionReply(message, layout);
            break;
        case NbdForm::exportReply:
            message.title = "the export, to NBD_OPT_EXPORT_NAME";
            layout.number("export size", 8);
            layout.number("transmission flags", 2,
                          flags16<transmissionFlagNames>);
            layout.rest("zeroes");
            break;
        case NbdForm::request:
            request(message, layout, 4);
            break;
        case NbdForm::extendedRequest:
            request(message, layout, 8);
            break;
        case NbdForm::simpleReply:
            simpleReply(message, layout, of);
            break;
        case NbdForm::chunk:
            chunk(message, layout, 4, of);
            break;
        case NbdForm::extendedChunk:
            chunk(message, layout, 8, of);
            break;
    }
    message.unparsed = std::ranges::any_of(
        message.fields,
        [](const Field& field) { return field.name == "unparsed bytes"; });
    summarise(message);
}

} // namespace conformance
