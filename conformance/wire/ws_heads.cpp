// SPDX-License-Identifier: Apache-2.0
#include "ws_heads.hpp"

#include "ws_layout.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

namespace conformance
{

using vmedia::nbd::Bytes;

namespace
{

constexpr std::string_view layer = "HTTP";

std::string textOf(const Bytes& bytes)
{
    return std::string(vmedia::nbd::Reader(bytes).text(bytes.size()));
}

std::string textAt(const OneWay& stream, uint64_t at, size_t most)
{
    return textOf(stream.read(at, most));
}

/// Where the head that begins at @p at ends: at an empty line, or where the
/// stream does. Lines that end in LF alone make a head where no CR LF does.
uint64_t endOfHead(const OneWay& stream, uint64_t at)
{
    using namespace std::string_view_literals;
    for (const std::string_view empty : {"\r\n\r\n"sv, "\n\n"sv})
    {
        for (uint64_t from = at; from < stream.size();)
        {
            const uint64_t gap = stream.nextGap(from);
            const size_t found = textAt(stream, from,
                                        static_cast<size_t>(gap - from))
                                     .find(empty);
            if (found != std::string::npos)
            {
                return from + found + empty.size();
            }
            from = gap < stream.size() ? stream.nextKept(gap) : gap;
        }
    }
    return stream.size();
}

uint64_t numberIn(std::string_view text)
{
    uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

bool equals(std::string_view a, std::string_view b)
{
    return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) {
        return std::tolower(x) == std::tolower(y);
    });
}

/// Content-Length, if the head has it.
std::optional<uint64_t> lengthOf(const Message& head)
{
    for (const Field& field : head.fields)
    {
        if (equals(field.name, "Content-Length"))
        {
            return numberIn(std::string_view(field.value).substr(1));
        }
    }
    return std::nullopt;
}

/// Takes the messages of one side off its front.
class Side
{
  public:
    Side(const OneWay& from, WireKind of) : stream(from), kind(of) {}

    bool done() const
    {
        return heads.end >= stream.size();
    }
    std::string ahead(size_t most) const
    {
        return textAt(stream, heads.end, most);
    }
    const Message& takeHead()
    {
        Message& message = take(endOfHead(stream, heads.end) - heads.end);
        layOutHead(message);
        return finish(message);
    }
    void takeBytes(uint64_t most, std::string_view title, bool odd = false)
    {
        const uint64_t count = std::min(most, stream.size() - heads.end);
        if (count != 0)
        {
            Message& message = take(count);
            message.unparsed = odd;
            layOutBytes(message, title);
            finish(message);
        }
    }
    uint64_t left() const
    {
        return stream.size() - heads.end;
    }

    WsHeads heads;

  private:
    Message& take(uint64_t count)
    {
        return heads.messages.emplace_back(
            messageAt(stream, kind, layer, heads.end, count));
    }
    const Message& finish(Message& message)
    {
        heads.end += message.length;
        shorten(message);
        return message;
    }

    const OneWay& stream;
    WireKind kind;
};

} // namespace

WsHeads readAnswers(const OneWay& server)
{
    constexpr std::string_view protocol = "HTTP/";
    constexpr uint64_t statusAt = 9; // after "HTTP/1.1 "
    Side side(server, WireKind::received);
    for (size_t number = 0; !side.done();)
    {
        if (side.ahead(protocol.size()) != protocol)
        {
            side.takeBytes(side.left(), "unparsed bytes", true);
            break;
        }
        const std::string line = side.ahead(statusAt + 3);
        const uint64_t status =
            line.size() > statusAt ? numberIn(line.substr(statusAt)) : 0;
        const Message& head = side.takeHead();
        if (status == 101)
        {
            side.heads.opened = number;
            break;
        }
        if (status >= 100 && status < 200)
        {
            continue; // the answer is still to come
        }
        ++number;
        const bool hasBody = status != 204 && status != 304 &&
                             side.ahead(protocol.size()) != protocol;
        if (hasBody)
        {
            const auto length = lengthOf(head);
            side.takeBytes(length.value_or(side.left()), "body");
        }
    }
    return std::move(side.heads);
}

WsHeads readRequests(const OneWay& client, std::optional<size_t> opened)
{
    Side side(client, WireKind::sent);
    for (size_t number = 0; !side.done() && number <= opened.value_or(number);
         ++number)
    {
        const std::string first = side.ahead(1);
        const bool isText =
            !first.empty() &&
            (std::isprint(static_cast<unsigned char>(first[0])) != 0 ||
             std::isspace(static_cast<unsigned char>(first[0])) != 0);
        if (!isText)
        {
            break;
        }
        const auto length = lengthOf(side.takeHead());
        side.takeBytes(length.value_or(0), "body");
    }
    return std::move(side.heads);
}

} // namespace conformance
