// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/nbd/pack.hpp"

#include <array>
#include <optional>
#include <random>
#include <string>
#include <string_view>

/// RFC 6455, section 5, bit by bit: what a tester has to be able to send is
/// just what a library refuses to.
namespace conformance::ws
{

using vmedia::nbd::Bytes;
using vmedia::nbd::ByteView;

enum class Opcode : uint8_t
{
    continuation = 0x0,
    text = 0x1,
    binary = 0x2,
    close = 0x8,
    ping = 0x9,
    pong = 0xA,
};

constexpr bool isControl(Opcode opcode)
{
    return (static_cast<uint8_t>(opcode) & 0x8) != 0;
}

/// "binary", "close" …, or "opcode 0xB" for one that is reserved.
std::string nameOf(Opcode opcode);

/// How the payload's length is written.
enum class LengthForm : uint8_t
{
    minimal, ///< the only right one
    bits7,   ///< of more than 125 bytes, the low 7 bits
    bits16,  ///< 126 and two bytes
    bits64,  ///< 127 and eight bytes
};

using MaskKey = std::array<std::byte, 4>;

/// One frame as somebody wants to send it, right or wrong.
struct Frame
{
    Opcode opcode = Opcode::binary;
    Bytes payload{};
    bool fin = true;
    uint8_t rsv = 0;                    ///< RSV1 is 4, RSV2 is 2, RSV3 is 1
    std::optional<MaskKey> mask{};      ///< none: MASK is 0
    LengthForm form = LengthForm::minimal;
    std::optional<uint64_t> declared{}; ///< the length told; none: the true one
};

/// The frame's bytes, the payload masked if there is a key.
Bytes encode(const Frame& frame);

/// A frame's first bytes, taken apart.
struct Header
{
    Opcode opcode{};
    bool fin = false;
    uint8_t rsv = 0;
    std::optional<MaskKey> mask{};
    LengthForm form{};   ///< the one that is there; never `minimal`
    uint64_t length = 0; ///< of the payload
    size_t size = 0;     ///< of the header itself

    /// Whether no shorter form could tell this length.
    bool isMinimal() const;
};

/// None as long as @p bytes are not a whole header.
std::optional<Header> parseHeader(ByteView bytes);

/// @p bytes of a payload masked or unmasked, which is the same (5.3); the
/// first of them is the payload's byte @p offset.
void applyMask(std::span<std::byte> bytes, const MaskKey& key,
               size_t offset = 0);

MaskKey randomMask(std::mt19937_64& random);

/// The body of a Close frame (5.5.1).
Bytes closeBody(uint16_t code, std::string_view reason = {});

/// Whether a Close frame may bear it (7.4): RFC 6455 or IANA defines it, or it
/// is of a range that is free for use.
bool mayBeSent(uint16_t code);

/// What a Close frame says.
struct CloseReason
{
    std::optional<uint16_t> code{}; ///< none: the body is empty
    std::string reason{};
};

/// None for a body of one byte, which says nothing.
std::optional<CloseReason> parseClose(ByteView body);

/// "Close 1002 \"bad mask\"", "Close without a code"
std::string describe(const CloseReason& close);

/// "binary, 18 bytes", with what is unusual: "not final", "RSV1", "masked", …
std::string describe(const Header& header);

} // namespace conformance::ws
