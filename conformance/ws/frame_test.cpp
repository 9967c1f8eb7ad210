// SPDX-License-Identifier: Apache-2.0
#include "frame.hpp"

#include <gtest/gtest.h>

namespace conformance::ws
{

using namespace vmedia::nbd::literals;

namespace
{

Bytes bytes(ByteView view)
{
    return {view.begin(), view.end()};
}

Bytes textBytes(std::string_view text)
{
    return bytes(std::as_bytes(std::span(text)));
}

/// RFC 6455, 5.7
TEST(Frame, TheExamplesOfTheRfc)
{
    EXPECT_EQ(encode({.opcode = Opcode::text, .payload = textBytes("Hello")}),
              bytes("81 05 48 65 6c 6c 6f"_hex));
    EXPECT_EQ(encode({.opcode = Opcode::text,
                      .payload = textBytes("Hello"),
                      .mask = "37 fa 21 3d"_hex}),
              bytes("81 85 37 fa 21 3d 7f 9f 4d 51 58"_hex));
    EXPECT_EQ(encode({.opcode = Opcode::text,
                      .payload = textBytes("Hel"),
                      .fin = false}),
              bytes("01 03 48 65 6c"_hex));
    EXPECT_EQ(
        encode({.opcode = Opcode::continuation, .payload = textBytes("lo")}),
        bytes("80 02 6c 6f"_hex));
    const Bytes k256 = encode({.payload = Bytes(256)});
    EXPECT_EQ(Bytes(k256.begin(), k256.begin() + 4), bytes("82 7e 01 00"_hex));
    const Bytes k64 = encode({.payload = Bytes(65536)});
    EXPECT_EQ(Bytes(k64.begin(), k64.begin() + 10),
              bytes("82 7f 00 00 00 00 00 01 00 00"_hex));
}

TEST(Frame, WhatALibraryRefuses)
{
    EXPECT_EQ(encode({.payload = Bytes(1),
                      .fin = false,
                      .rsv = 5,
                      .form = LengthForm::bits64}),
              bytes("52 7f 00 00 00 00 00 00 00 01 00"_hex));
    EXPECT_EQ(encode({.opcode = Opcode{0xF}, .declared = 300}),
              bytes("8f 7e 01 2c"_hex));
}

TEST(Header, IsTakenApart)
{
    const auto header = parseHeader("82 fe 00 7e 01 02 03 04"_hex);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->opcode, Opcode::binary);
    EXPECT_TRUE(header->fin);
    EXPECT_EQ(header->rsv, 0);
    EXPECT_EQ(header->length, 126U);
    EXPECT_EQ(header->size, 8U);
    EXPECT_EQ(header->mask, "01 02 03 04"_hex);
    EXPECT_TRUE(header->isMinimal());
    EXPECT_FALSE(parseHeader("82 7e 00 05"_hex)->isMinimal());
    EXPECT_FALSE(parseHeader("82 7f 00 00 00 00 00 00 ff ff"_hex)->isMinimal());
}

TEST(Header, NeedsAllItsBytes)
{
    const Bytes whole = encode({.payload = Bytes(65536), .mask = MaskKey{}});
    for (size_t size = 0; size < 14; ++size)
    {
        EXPECT_FALSE(parseHeader(ByteView(whole).first(size))) << size;
    }
    EXPECT_TRUE(parseHeader(ByteView(whole).first(14)));
}

TEST(Mask, GoesOnWhereItStopped)
{
    Bytes zeros(7);
    applyMask(std::span(zeros).first(3), "01 02 03 04"_hex);
    applyMask(std::span(zeros).subspan(3), "01 02 03 04"_hex, 3);
    EXPECT_EQ(zeros, bytes("01 02 03 04 01 02 03"_hex));
}

TEST(Close, SaysCodeAndReason)
{
    EXPECT_EQ(closeBody(1002, "no"), bytes("03 ea 6e 6f"_hex));
    EXPECT_EQ(describe(*parseClose("03 ea 6e 6f"_hex)), "Close 1002 \"no\"");
    EXPECT_EQ(describe(*parseClose({})), "Close without a code");
    EXPECT_FALSE(parseClose("03"_hex));
}

TEST(Close, HasACodeThatSomebodyDefined)
{
    for (const int code : {1000, 1003, 1007, 1011, 1014, 3000, 4999})
    {
        EXPECT_TRUE(mayBeSent(static_cast<uint16_t>(code))) << code;
    }
    for (const int code :
         {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535})
    {
        EXPECT_FALSE(mayBeSent(static_cast<uint16_t>(code))) << code;
    }
}

TEST(Header, IsToldInWords)
{
    EXPECT_EQ(describe(*parseHeader("02 12"_hex)),
              "binary, 18 bytes, not final");
    EXPECT_EQ(describe(*parseHeader("cb fe 00 01 00 00 00 00"_hex)),
              "opcode 0xB, 1 bytes, RSV1, masked, its length not in the "
              "shortest form");
}

} // namespace

} // namespace conformance::ws
