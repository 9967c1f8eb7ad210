// SPDX-License-Identifier: Apache-2.0
#include "nbd_decoder.hpp"

#include "nbd_layout.hpp"
#include "vmedia/nbd/chunk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

namespace conformance
{

using namespace vmedia::nbd;

namespace
{

/// Of a message; what lies behind it is data.
constexpr size_t readMost = 64 << 10;
/// Of a message's bytes, for those who want to see them.
constexpr size_t shownMost = 256;

struct Magic
{
    uint64_t value;
    size_t width;
    NbdForm form;
};

constexpr Magic clientMagics[] = {
    {optionMagic, 8, NbdForm::option},
    {requestMagic, 4, NbdForm::request},
    {extendedRequestMagic, 4, NbdForm::extendedRequest},
};

constexpr Magic serverMagics[] = {
    {nbdMagic, 8, NbdForm::greeting},
    {optionReplyMagic, 8, NbdForm::optionReply},
    {simpleReplyMagic, 4, NbdForm::simpleReply},
    {structuredReplyMagic, 4, NbdForm::chunk},
    {extendedReplyMagic, 4, NbdForm::extendedChunk},
};

uint64_t numberAt(ByteView bytes, size_t at, size_t width)
{
    uint64_t value = 0;
    for (const std::byte byte : bytes.subspan(at, width))
    {
        value = value << 8 | std::to_integer<uint64_t>(byte);
    }
    return value;
}

std::optional<NbdForm> formAt(std::span<const Magic> magics, ByteView bytes)
{
    for (const Magic& magic : magics)
    {
        if (bytes.size() >= magic.width &&
            numberAt(bytes, 0, magic.width) == magic.value)
        {
            return magic.form;
        }
    }
    return std::nullopt;
}

/// One direction, message by message.
class Side
{
  public:
    Side(const OneWay& from, WireKind of, std::span<const Magic> with,
         std::vector<Message>& to) :
        stream(from), kind(of), magics(with), out(to)
    {}

    bool done() const
    {
        return at >= stream.size();
    }
    uint64_t position() const
    {
        return at;
    }
    ByteView ahead(size_t most)
    {
        buffer = stream.read(at, most);
        return buffer;
    }

    /// What begins here, if it is known by its magic.
    std::optional<NbdForm> form()
    {
        return formAt(magics, ahead(sizeof(uint64_t)));
    }

    /// The message that is here, @p length bytes of it.
    Message& take(NbdForm form, uint64_t length,
                  std::optional<Cmd> of = std::nullopt)
    {
        const uint64_t there = std::min(length, stream.size() - at);
        Message& message = begin(there);
        message.bytes = stream.read(
            at, static_cast<size_t>(std::min<uint64_t>(there, readMost)));
        layOut(form, message, of);
        if (there < length)
        {
            message.unparsed = true;
            message.summary += fmt::format("{}only {} of {} bytes came",
                                           message.summary.empty() ? "" : "; ",
                                           there, length);
        }
        finish(message, there);
        outOfStep = false;
        return message;
    }

    /// Bytes that are no message, up to where one may begin.
    void takeUnparsed()
    {
        const uint64_t kept = stream.nextKept(at);
        if (kept != at)
        {
            Message& message = begin(kept - at);
            message.title = "not kept";
            message.summary = fmt::format("{} bytes", kept - at);
            finish(message, kept - at);
            outOfStep = true;
            return;
        }
        const uint64_t end = stream.nextGap(at);
        const Bytes bytes = stream.read(at, static_cast<size_t>(end - at));
        uint64_t length = 1;
        while (length < bytes.size() &&
               !formAt(magics, ByteView(bytes).subspan(length)))
        {
            ++length;
        }
        Message& message = begin(length);
        // What follows a gap may be the end of a message that began in it.
        message.unparsed = !std::exchange(outOfStep, false);
        message.title = message.unparsed ? "unparsed bytes"
                                         : "the rest of what was not kept";
        message.summary = fmt::format("{} byte{}", length,
                                      length == 1 ? "" : "s");
        message.bytes.assign(
            bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
        message.fields.push_back({message.title, message.summary, 0, length});
        finish(message, length);
    }

  private:
    Message& begin(uint64_t length)
    {
        Message& message = out.emplace_back();
        message.entry = stream.entryOf(at);
        message.kind = kind;
        message.layer = "NBD";
        message.offset = at;
        message.length = length;
        return message;
    }
    void finish(Message& message, uint64_t length)
    {
        message.bytes.resize(std::min(message.bytes.size(), shownMost));
        at += length;
    }

    const OneWay& stream;
    WireKind kind;
    std::span<const Magic> magics;
    std::vector<Message>& out;
    uint64_t at = 0;
    bool outOfStep = false; ///< a gap is behind us, and no message since
    Bytes buffer{};
};

struct Asked
{
    Cmd type;
    uint64_t length;
};

class Conversation
{
  public:
    Conversation(const OneWay& fromClient, const OneWay& fromServer) :
        client(fromClient, WireKind::sent, clientMagics, messages),
        server(fromServer, WireKind::received, serverMagics, messages)
    {}

    std::vector<Message> read()
    {
        while (!client.done())
        {
            readClient();
        }
        while (!server.done())
        {
            readServer();
        }
        return std::move(messages);
    }

  private:
    void readClient()
    {
        const auto form = client.form();
        if (!form && client.position() == 0)
        {
            const ByteView head = client.ahead(sizeof(uint32_t));
            if (head.size() == sizeof(uint32_t))
            {
                clientFlags = static_cast<uint32_t>(numberAt(head, 0, 4));
                client.take(NbdForm::clientFlags, sizeof(uint32_t));
                return;
            }
        }
        const ByteView head = client.ahead(form ? headerSize(*form) : 0);
        if (!form || head.size() < headerSize(*form))
        {
            return client.takeUnparsed();
        }
        uint64_t length = head.size();
        if (*form == NbdForm::option)
        {
            const auto option =
                decodeOptionHeader(head.first<OptionHeader::wireSize>());
            exportsAsked += option->option == Opt::exportName ? 1U : 0U;
            length += option->length;
        }
        else if (*form == NbdForm::request)
        {
            const auto request = decodeRequest(head.first<Request::wireSize>());
            asked[request->cookie].push_back({request->type, request->length});
            length += request->type == Cmd::write ? request->length : 0;
        }
        else
        {
            const auto request =
                decodeExtendedRequest(head.first<ExtendedRequest::wireSize>());
            asked[request->cookie].push_back({request->type, request->length});
            if ((request->flags & commandPayloadLen) != 0)
            {
                length = sum(length, request->length);
            }
        }
        client.take(*form, length);
    }

    void readServer()
    {
        const auto form = server.form();
        if (!form && exportsAsked != 0)
        {
            --exportsAsked;
            const uint64_t zeroes = leavesOutZeroes() ? 0 : 124;
            server.take(NbdForm::exportReply,
                        headerSize(NbdForm::exportReply) + zeroes);
            return;
        }
        const ByteView head = server.ahead(form ? headerSize(*form) : 0);
        if (!form || head.size() < headerSize(*form))
        {
            return server.takeUnparsed();
        }
        switch (*form)
        {
            case NbdForm::greeting:
                return readGreeting(head);
            case NbdForm::optionReply:
                return readOptionReply(head);
            case NbdForm::simpleReply:
                return readSimpleReply(head);
            default:
                return readChunk(*form, head);
        }
    }

    void readGreeting(ByteView head)
    {
        if (numberAt(head, 8, 8) == oldstyleMagic)
        {
            server.take(NbdForm::oldGreeting, headerSize(NbdForm::oldGreeting));
            return;
        }
        handshakeFlags = static_cast<uint16_t>(numberAt(head, 16, 2));
        server.take(NbdForm::greeting, head.size());
    }

    void readOptionReply(ByteView head)
    {
        const auto reply =
            decodeOptionReplyHeader(head.first<OptionReplyHeader::wireSize>());
        if (reply->type == Rep::ack && (reply->option == Opt::structuredReply ||
                                        reply->option == Opt::extendedHeaders))
        {
            structured = true;
        }
        server.take(NbdForm::optionReply, head.size() + reply->length);
    }

    void readSimpleReply(ByteView head)
    {
        const auto reply =
            decodeSimpleReply(head.first<SimpleReply::wireSize>());
        const auto of = answered(reply->cookie, true);
        uint64_t length = head.size();
        if (of && of->type == Cmd::read && !structured &&
            reply->error == ErrorValue::none)
        {
            length = sum(length, of->length);
        }
        server.take(NbdForm::simpleReply, length, typeOf(of));
    }

    void readChunk(NbdForm form, ByteView head)
    {
        const bool isExtended = form == NbdForm::extendedChunk;
        const bool last = (numberAt(head, 4, 2) & replyDone) != 0;
        const auto of = answered(numberAt(head, 8, 8), last);
        server.take(form,
                    sum(head.size(), isExtended ? numberAt(head, 24, 8)
                                                : numberAt(head, 16, 4)),
                    typeOf(of));
    }

    /// The oldest request with that cookie, and no more of it after @p last.
    std::optional<Asked> answered(uint64_t cookie, bool last)
    {
        const auto found = asked.find(cookie);
        if (found == asked.end())
        {
            return std::nullopt;
        }
        const Asked one = found->second.front();
        if (last)
        {
            found->second.pop_front();
            if (found->second.empty())
            {
                asked.erase(found);
            }
        }
        return one;
    }

    static std::optional<Cmd> typeOf(const std::optional<Asked>& of)
    {
        return of ? std::optional(of->type) : std::nullopt;
    }

    bool leavesOutZeroes() const
    {
        return (handshakeFlags & noZeroes) != 0 &&
               (clientFlags & clientNoZeroes) != 0;
    }

    /// A peer may announce any 64-bit length.
    static uint64_t sum(uint64_t a, uint64_t b)
    {
        return b > UINT64_MAX - a ? UINT64_MAX : a + b;
    }

    std::vector<Message> messages;
    Side client;
    Side server;
    uint32_t clientFlags = 0;
    uint16_t handshakeFlags = 0;
    uint64_t exportsAsked = 0;
    bool structured = false;
    std::map<uint64_t, std::deque<Asked>> asked; ///< by cookie
};

} // namespace

std::vector<Message> decodeNbd(const OneWay& client, const OneWay& server)
{
    return Conversation(client, server).read();
}

} // namespace conformance
