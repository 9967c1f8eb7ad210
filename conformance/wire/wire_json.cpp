// SPDX-License-Identifier: Apache-2.0
#include "wire_json.hpp"

#include "conformance/plain_text.hpp"
#include "message.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace conformance
{
namespace json = boost::json;
using vmedia::nbd::Bytes;

namespace
{

json::string text(std::string_view view)
{
    return json::string(plainText(view));
}

json::string hexOf(const Bytes& bytes)
{
    constexpr std::string_view digits = "0123456789abcdef";
    json::string hex;
    hex.reserve(bytes.size() * 2);
    for (const std::byte byte : bytes)
    {
        hex.push_back(digits[std::to_integer<size_t>(byte >> 4)]);
        hex.push_back(digits[std::to_integer<size_t>(byte & std::byte{15})]);
    }
    return hex;
}

/// Thrown and caught in here only.
struct Fault
{
    std::string what;
};

uint64_t number(const json::object& object, std::string_view key,
                uint64_t missing)
{
    const json::value* value = object.if_contains({key.data(), key.size()});
    if (value == nullptr)
    {
        return missing;
    }
    if (value->is_uint64())
    {
        return value->get_uint64();
    }
    if (!value->is_int64() || value->get_int64() < 0)
    {
        throw Fault{fmt::format("\"{}\" is no number from 0 on", key)};
    }
    return static_cast<uint64_t>(value->get_int64());
}

std::string_view string(const json::object& object, std::string_view key)
{
    const json::value* value = object.if_contains({key.data(), key.size()});
    if (value == nullptr)
    {
        return {};
    }
    if (!value->is_string())
    {
        throw Fault{fmt::format("\"{}\" is no string", key)};
    }
    return {value->get_string().data(), value->get_string().size()};
}

unsigned digit(char c)
{
    if (c >= '0' && c <= '9')
    {
        return static_cast<unsigned>(c - '0');
    }
    if (c >= 'a' && c <= 'f')
    {
        return static_cast<unsigned>(c - 'a') + 10;
    }
    throw Fault{"the bytes of \"wire\" are no hex"};
}

Bytes bytes(const json::object& object, std::string_view key)
{
    const std::string_view hex = string(object, key);
    if (hex.size() % 2 != 0)
    {
        throw Fault{"the bytes of \"wire\" are no hex"};
    }
    Bytes out;
    out.reserve(hex.size() / 2);
    for (size_t i = 0; i < hex.size(); i += 2)
    {
        out.push_back(
            static_cast<std::byte>(digit(hex[i]) << 4 | digit(hex[i + 1])));
    }
    return out;
}

const json::object& objectOf(const json::value& value)
{
    if (!value.is_object())
    {
        throw Fault{"\"wire\" is no array of objects"};
    }
    return value.get_object();
}

WireEntry entryOf(const json::object& object)
{
    const auto kind = wireKindOf(string(object, "kind"));
    if (!kind)
    {
        throw Fault{"\"wire\" has an entry of no known kind"};
    }
    WireEntry entry{
        .kind = *kind,
        .at = number(object, "t_us", 0),
        .connection = static_cast<uint32_t>(number(object, "connection", 0)),
        .below = object.contains("below_tls"),
        .length = number(object, "length", 0),
        .head = bytes(object, "hex"),
        .tail = bytes(object, "hex_tail"),
        .text = std::string(string(object, "text"))};
    if (entry.isBytes()
            ? entry.head.empty() || entry.length < entry.head.size() ||
                  entry.missing() > entry.length
            : !entry.head.empty() || !entry.tail.empty())
    {
        throw Fault{"\"wire\" has an entry whose length is not its bytes'"};
    }
    if (const json::value* lost = object.if_contains("lost"))
    {
        if (!lost->is_array())
        {
            throw Fault{"\"lost\" is no array"};
        }
        for (const json::value& value : lost->get_array())
        {
            const json::object& one = objectOf(value);
            entry.lost.push_back(
                {static_cast<uint32_t>(number(one, "connection", 0)),
                 number(one, "sent", 0), number(one, "received", 0)});
        }
    }
    return entry;
}

json::object toJson(const WireEntry& entry)
{
    json::object object{{"t_us", entry.at}, {"kind", text(nameOf(entry.kind))}};
    if (entry.connection != 0)
    {
        object["connection"] = entry.connection;
    }
    if (entry.below)
    {
        object["below_tls"] = true;
    }
    if (entry.length != 0)
    {
        object["length"] = entry.length;
    }
    if (!entry.head.empty())
    {
        object["hex"] = hexOf(entry.head);
    }
    if (!entry.tail.empty())
    {
        object["hex_tail"] = hexOf(entry.tail);
    }
    if (!entry.text.empty())
    {
        object["text"] = text(entry.text);
    }
    if (!entry.lost.empty())
    {
        json::array lost;
        for (const WireLoss& loss : entry.lost)
        {
            lost.push_back({{"connection", loss.connection},
                            {"sent", loss.sent},
                            {"received", loss.received}});
        }
        object["lost"] = std::move(lost);
    }
    return object;
}

} // namespace

json::array toJson(const Wire& wire, std::string_view suite)
{
    json::array entries;
    for (const WireEntry& entry : wire.entries)
    {
        entries.push_back(toJson(entry));
    }
    for (const Message& message : decode(wire, suite))
    {
        if (message.layer.empty())
        {
            continue; // its kind and text say it
        }
        json::value& lines = entries[message.entry].get_object()["decoded"];
        if (lines.is_null())
        {
            lines.emplace_array();
        }
        lines.get_array().emplace_back(text(lineOf(message)));
    }
    return entries;
}

tl::expected<Wire, std::string> wireOf(const json::array& entries)
{
    try
    {
        Wire wire;
        for (const json::value& value : entries)
        {
            wire.entries.push_back(entryOf(objectOf(value)));
        }
        return wire;
    }
    catch (const Fault& fault)
    {
        return tl::unexpected(fault.what);
    }
}

} // namespace conformance
