// SPDX-License-Identifier: Apache-2.0
#include "layout.hpp"

#include "vmedia/error/text.hpp"

namespace conformance
{

namespace
{

constexpr size_t fieldsMax = 80;
constexpr size_t shownText = 200;

} // namespace

uint64_t Layout::take(size_t width) const
{
    uint64_t value = 0;
    for (size_t i = 0; i < width; ++i)
    {
        value = value << 8 | std::to_integer<uint64_t>(message.bytes[at + i]);
    }
    return value;
}

void Layout::add(std::string_view name, std::string text, uint64_t length)
{
    message.fields.push_back({std::string(name), std::move(text), at, length});
    at += length;
}

void Layout::string(std::string_view name, uint64_t length)
{
    if (broken)
    {
        return;
    }
    if (length > left())
    {
        stop("unparsed bytes");
        return;
    }
    if (!has(length))
    {
        add(name, fmt::format("{} bytes, not all kept", length), length);
        return;
    }
    vmedia::nbd::Reader reader(
        vmedia::nbd::ByteView(message.bytes).subspan(at, length));
    add(name,
        fmt::format("'{}'", vmedia::printable(reader.text(length), shownText)),
        length);
}

uint64_t Layout::rest(std::string_view name)
{
    if (left() != 0)
    {
        add(name, fmt::format("{} byte{}", left(), left() == 1 ? "" : "s"),
            left());
    }
    return 0;
}

bool Layout::full() const
{
    return message.fields.size() >= fieldsMax;
}

} // namespace conformance
