// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cassert>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

/// Big-endian integers in and out of bytes. No I/O, no allocation but where a
/// vector is given.
namespace vmedia::nbd
{

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

template <typename T>
concept Field = std::unsigned_integral<T> || std::is_enum_v<T>;

namespace detail
{
template <Field T>
constexpr uint64_t widen(T value)
{
    if constexpr (std::is_enum_v<T>)
    {
        return static_cast<uint64_t>(
            static_cast<std::underlying_type_t<T>>(value));
    }
    else
    {
        return value;
    }
}
} // namespace detail

/// The fields one after the other, each as wide as its type says. Does not
/// compile if the sum is not @p size.
template <size_t size, Field... Fields>
constexpr std::array<std::byte, size> pack(Fields... fields)
{
    static_assert((sizeof(Fields) + ... + 0) == size);
    std::array<std::byte, size> out{};
    size_t at = 0;
    const auto put = [&out, &at](uint64_t value, size_t width) {
        for (size_t i = width; i-- > 0;)
        {
            out[at++] = static_cast<std::byte>(value >> (8 * i));
        }
    };
    (put(detail::widen(fields), sizeof(Fields)), ...);
    return out;
}

template <Field T>
void append(Bytes& out, T value)
{
    const auto bytes = pack<sizeof(T)>(value);
    out.insert(out.end(), bytes.begin(), bytes.end());
}

inline void append(Bytes& out, ByteView bytes)
{
    out.insert(out.end(), bytes.begin(), bytes.end());
}

inline void append(Bytes& out, std::string_view text)
{
    append(out, std::as_bytes(std::span(text)));
}

/// Takes integers off the front of a view. The caller asks left() first: to
/// read past the end is a broken promise, not bad input.
class Reader
{
  public:
    constexpr explicit Reader(ByteView view) : rest(view) {}

    constexpr size_t left() const
    {
        return rest.size();
    }
    constexpr uint16_t u16()
    {
        return static_cast<uint16_t>(take(2));
    }
    constexpr uint32_t u32()
    {
        return static_cast<uint32_t>(take(4));
    }
    constexpr uint64_t u64()
    {
        return take(8);
    }
    std::string_view text(size_t size)
    {
        const ByteView view = bytes(size);
        // NOLINTNEXTLINE: bytes seen as characters, which may alias anything
        return {reinterpret_cast<const char*>(view.data()), view.size()};
    }
    constexpr ByteView bytes(size_t size)
    {
        assert(size <= rest.size());
        const ByteView view = rest.first(size);
        rest = rest.subspan(size);
        return view;
    }

  private:
    constexpr uint64_t take(size_t width)
    {
        assert(width <= rest.size());
        uint64_t value = 0;
        for (size_t i = 0; i < width; ++i)
        {
            value = value << 8 | std::to_integer<uint64_t>(rest[i]);
        }
        rest = rest.subspan(width);
        return value;
    }

    ByteView rest;
};

/// "25609513 0000"_hex, at compile time; spaces are free. For tests, for the
/// stimuli of conformance cases, and for anything typed from the spec.
template <size_t size>
struct HexText
{
    // NOLINTNEXTLINE: implicit, as a literal operator's parameter has to be
    consteval HexText(const char (&text)[size])
    {
        for (size_t i = 0; i < size; ++i)
        {
            characters[i] = text[i];
        }
    }
    consteval size_t digits() const
    {
        size_t count = 0;
        for (char c : characters)
        {
            count += (c != ' ' && c != '\0') ? 1 : 0;
        }
        return count;
    }
    char characters[size];
};

namespace literals
{
template <HexText text>
consteval auto operator""_hex()
{
    static_assert(text.digits() % 2 == 0);
    std::array<std::byte, text.digits() / 2> out{};
    size_t digit = 0;
    for (char c : text.characters)
    {
        if (c == ' ' || c == '\0')
        {
            continue;
        }
        const int value = c >= 'a' ? c - 'a' + 10 : c - '0';
        out[digit / 2] = static_cast<std::byte>(
            (std::to_integer<int>(out[digit / 2]) << 4) | value);
        ++digit;
    }
    return out;
}
} // namespace literals

} // namespace vmedia::nbd
