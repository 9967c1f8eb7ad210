// SPDX-License-Identifier: Apache-2.0
#include "wire.hpp"

#include <gtest/gtest.h>

namespace vmedia::nbd
{
using namespace literals;

namespace
{

// Typed from the spec, never printed by encode(): a codec that is wrong both
// ways round still round-trips.
constexpr Greeting greeting{fixedNewstyle | noZeroes};
constexpr auto greetingBytes = "4e42444d41474943 49484156454f5054 0003"_hex;
static_assert(encode(greeting) == greetingBytes);
static_assert(decodeGreeting(greetingBytes) == greeting);

constexpr OptionHeader goHeader{Opt::go, 10};
constexpr auto goHeaderBytes = "49484156454f5054 00000007 0000000a"_hex;
static_assert(encode(goHeader) == goHeaderBytes);
static_assert(decodeOptionHeader(goHeaderBytes) == goHeader);

constexpr OptionReplyHeader unsup{Opt{0x7777}, Rep::errUnsup, 3};
constexpr auto unsupBytes = "0003e889045565a9 00007777 80000001 00000003"_hex;
static_assert(encode(unsup) == unsupBytes);
static_assert(decodeOptionReplyHeader(unsupBytes) == unsup);

constexpr Request readBlock{0, Cmd::read, 0xaa, 0x1000, 512};
constexpr auto readBlockBytes =
    "25609513 0000 0000 00000000000000aa 0000000000001000 00000200"_hex;
static_assert(encode(readBlock) == readBlockBytes);
static_assert(decodeRequest(readBlockBytes) == readBlock);

constexpr SimpleReply refused{ErrorValue::einval, 0xaa};
constexpr auto refusedBytes = "67446698 00000016 00000000000000aa"_hex;
static_assert(encode(refused) == refusedBytes);
static_assert(decodeSimpleReply(refusedBytes) == refused);

constexpr InfoExport floppy{1474560, hasFlags | readOnly};
constexpr auto floppyBytes = "0000 0000000000168000 0003"_hex;
static_assert(encode(floppy) == floppyBytes);

constexpr InfoBlockSize sizes{1, 4096, 0x2000000};
constexpr auto sizesBytes = "0003 00000001 00001000 02000000"_hex;
static_assert(encode(sizes) == sizesBytes);

/// A copy in a buffer of exactly that size: ASan sees the first byte too far.
std::vector<std::byte> exact(ByteView bytes)
{
    return {bytes.begin(), bytes.end()};
}

} // namespace

TEST(Wire, aWrongMagicIsNoMessage)
{
    auto bytes = readBlockBytes;
    bytes[3] = std::byte{0x14};
    EXPECT_EQ(decodeRequest(bytes).error(), WireError::badMagic);
}

TEST(Wire, anUnknownCommandDecodes)
{
    auto bytes = readBlockBytes;
    bytes[7] = std::byte{99};
    EXPECT_EQ(decodeRequest(bytes)->type, Cmd{99});
}

TEST(Wire, infoRequestGivesNameAndWantedTypes)
{
    const auto bytes =
        "00000003 697a6f 0002 0003 7777"_hex; // "izo", BLOCK_SIZE, unknown
    const auto request = decodeInfoRequest(exact(bytes));
    ASSERT_TRUE(request);
    EXPECT_EQ(request->wanted,
              (std::vector<Info>{Info::blockSize, Info{0x7777}}));
    EXPECT_EQ(encodeInfoRequest("izo", request->wanted), exact(bytes));
}

TEST(Wire, everyShorterAndOneLongerInfoRequestIsRefused)
{
    const auto whole = exact("00000001 61 0001 0003"_hex);
    for (size_t size = 0; size < whole.size(); ++size)
    {
        const auto shorter = exact(ByteView(whole).first(size));
        EXPECT_FALSE(decodeInfoRequest(shorter)) << size << " bytes";
    }
    auto longer = whole;
    longer.push_back(std::byte{0});
    EXPECT_EQ(decodeInfoRequest(longer).error(), WireError::badLength);
}

TEST(Wire, aNameLengthThatWrapsIsRefused)
{
    EXPECT_FALSE(decodeInfoRequest(exact("ffffffff 0000"_hex)));
    EXPECT_FALSE(decodeInfoRequest(exact("fffffffe 0000 0000"_hex)));
}

TEST(Wire, informationWithAnotherTypeOrLengthIsRefused)
{
    EXPECT_EQ(*decodeInfoExport(exact(floppyBytes)), floppy);
    EXPECT_EQ(*decodeInfoBlockSize(exact(sizesBytes)), sizes);
    EXPECT_FALSE(decodeInfoExport(exact(sizesBytes)));
    EXPECT_FALSE(decodeInfoExport(ByteView(floppyBytes).first(11)));
    EXPECT_FALSE(decodeInfoBlockSize(exact(floppyBytes)));
    EXPECT_FALSE(decodeInfoBlockSize({}));
}

TEST(Wire, printsTheSpecsNamesAndHexForWhatHasNone)
{
    EXPECT_EQ(nameOf(Opt::structuredReply), "NBD_OPT_STRUCTURED_REPLY");
    EXPECT_EQ(nameOf(Opt{0x7777}), "NBD_OPT 0x7777");
    EXPECT_EQ(nameOf(Rep::errUnsup), "NBD_REP_ERR_UNSUP");
    EXPECT_EQ(nameOf(Cmd{99}), "NBD_CMD 0x63");
    EXPECT_EQ(nameOf(ErrorValue::enospc), "NBD_ENOSPC");
}

} // namespace vmedia::nbd
