// SPDX-License-Identifier: Apache-2.0
#include "message.hpp"
#include "nbd_decoder.hpp"
#include "ws_decoder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace conformance
{

namespace
{

/// What both sides of a connection have sent, in clear.
struct Both
{
    OneWay client;
    OneWay server;
};

std::map<uint32_t, Both> streamsOf(const Wire& wire, bool weServe)
{
    std::map<uint32_t, Both> streams;
    for (size_t i = 0; i < wire.entries.size(); ++i)
    {
        const WireEntry& entry = wire.entries[i];
        if (entry.isBytes() && !entry.below)
        {
            Both& both = streams[entry.connection];
            ((entry.kind == WireKind::sent) != weServe ? both.client
                                                       : both.server)
                .append(i, entry);
        }
        for (const WireLoss& loss : entry.lost)
        {
            Both& both = streams[loss.connection];
            both.client.skip(i, weServe ? loss.received : loss.sent);
            both.server.skip(i, weServe ? loss.sent : loss.received);
        }
    }
    return streams;
}

std::string titleOf(const WireEntry& entry)
{
    switch (entry.kind)
    {
        case WireKind::connected:
            return "connected";
        case WireKind::refused:
            return "no connection";
        case WireKind::tls:
            return "TLS";
        case WireKind::endSent:
            return "end of what we send";
        case WireKind::endReceived:
            return "closed by the target";
        case WireKind::resetByPeer:
            return "reset by the target";
        case WireKind::closed:
            return "closed by us";
        case WireKind::resetByUs:
            return "reset by us";
        case WireKind::silence:
            return "nothing came";
        case WireKind::cut:
            return fmt::format("{} more entries were not kept", entry.length);
        case WireKind::sent:
        case WireKind::received:
            return fmt::format("{} bytes below TLS", entry.length);
        case WireKind::note:
            break;
    }
    return {};
}

Message eventOf(const WireEntry& entry)
{
    constexpr size_t shownMost = 256;
    Message message;
    message.kind = entry.kind;
    message.title = titleOf(entry);
    message.summary = entry.text;
    if (entry.isBytes())
    {
        message.layer = "raw";
        message.length = entry.length;
        message.bytes = entry.head;
        message.bytes.resize(std::min(message.bytes.size(), shownMost));
    }
    return message;
}

} // namespace

std::vector<Message> decode(const Wire& wire, std::string_view suite)
{
    std::vector<Message> all;
    for (size_t i = 0; i < wire.entries.size(); ++i)
    {
        const WireEntry& entry = wire.entries[i];
        if (!entry.isBytes() || entry.below)
        {
            all.push_back(eventOf(entry));
            all.back().entry = i;
            all.back().connection = entry.connection;
        }
    }
    const auto decoder = suite.starts_with("ws") ? decodeWebSocket : decodeNbd;
    const bool weServe = suite.ends_with("client");
    for (const auto& [connection, both] : streamsOf(wire, weServe))
    {
        for (Message& message : decoder(both.client, both.server))
        {
            message.connection = connection;
            if (weServe) // a decoder takes what a client says for ours
            {
                message.kind = message.kind == WireKind::sent
                                   ? WireKind::received
                                   : WireKind::sent;
            }
            all.push_back(std::move(message));
        }
    }
    std::ranges::stable_sort(all, {}, &Message::entry);
    for (Message& message : all)
    {
        message.at = wire.entries[message.entry].at;
    }
    return all;
}

std::string lineOf(const Message& message)
{
    const std::string_view arrow =
        message.kind == WireKind::sent ? "->"
        : message.kind == WireKind::received ||
                message.kind == WireKind::endReceived ||
                message.kind == WireKind::resetByPeer ||
                message.kind == WireKind::silence
            ? "<-"
            : "--";
    const std::string_view between =
        message.title.empty() || message.summary.empty() ? "" : ", ";
    return fmt::format("{} {}{}{}{}", arrow, message.carried ? "  " : "",
                       message.title, between, message.summary);
}

std::vector<std::string> linesOf(const Wire& wire, std::string_view suite)
{
    std::vector<std::string> lines;
    const std::vector<Message> messages = decode(wire, suite);
    lines.reserve(messages.size());
    const bool several = std::ranges::any_of(
        messages, [](const Message& one) { return one.connection > 1; });
    for (const Message& message : messages)
    {
        lines.push_back(
            several && message.connection != 0
                ? fmt::format("[{}] {}", message.connection, lineOf(message))
                : lineOf(message));
    }
    return lines;
}

} // namespace conformance
