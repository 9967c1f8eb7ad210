// SPDX-License-Identifier: Apache-2.0
#include "reply.hpp"

#include <cerrno>

#include <gtest/gtest.h>

namespace vmedia::nbd
{
using namespace literals;

namespace
{

const Command readFour{0, Cmd::read, 0xaa, 0x1000, 4, 0};

int fillWithA5(std::span<std::byte> into, uint64_t)
{
    std::ranges::fill(into, std::byte{0xa5});
    return 0;
}

int failToRead(std::span<std::byte>, uint64_t)
{
    return EIO;
}

template <typename Write>
Bytes written(Replies format, Write write)
{
    Output out;
    ReplyWriter writer(format, out);
    write(writer);
    return {out.bytes().begin(), out.bytes().end()};
}

template <size_t size>
Bytes bytes(const std::array<std::byte, size>& in)
{
    return {in.begin(), in.end()};
}

} // namespace

// The bytes are typed from the spec.

TEST(Reply, aSimpleReadIsAHeaderAndItsData)
{
    EXPECT_EQ(written(Replies::simple,
                      [](ReplyWriter& w) { w.data(readFour, fillWithA5); }),
              bytes("67446698 00000000 00000000000000aa a5a5a5a5"_hex));
}

TEST(Reply, aFailedReadCarriesNoData)
{
    EXPECT_EQ(written(Replies::simple,
                      [](ReplyWriter& w) {
        EXPECT_FALSE(w.data(readFour, failToRead));
    }),
              bytes("67446698 00000005 00000000000000aa"_hex));
}

TEST(Reply, aStructuredReadIsOneChunk)
{
    EXPECT_EQ(written(Replies::structured,
                      [](ReplyWriter& w) { w.data(readFour, fillWithA5); }),
              bytes("668e33ef 0001 0001 00000000000000aa 0000000c"
                    "0000000000001000 a5a5a5a5"_hex));
}

TEST(Reply, anExtendedReadTellsTheRequestsOffsetToo)
{
    EXPECT_EQ(written(Replies::extended,
                      [](ReplyWriter& w) { w.data(readFour, fillWithA5); }),
              bytes("6e8a278c 0001 0001 00000000000000aa 0000000000001000"
                    "000000000000000c 0000000000001000 a5a5a5a5"_hex));
}

TEST(Reply, aReadOfNothingIsSuccessWithoutData)
{
    const Command nothing{0, Cmd::read, 0xaa, 0x1000, 0, 0};
    EXPECT_EQ(written(Replies::structured,
                      [&](ReplyWriter& w) { w.data(nothing, fillWithA5); }),
              bytes("668e33ef 0001 0000 00000000000000aa 00000000"_hex));
}

TEST(Reply, holesAreToldAndOnlyTheLastChunkIsDone)
{
    const std::vector<exports::Extent> extents = {{2, false, false},
                                                  {2, true, true}};
    EXPECT_EQ(written(Replies::structured,
                      [&](ReplyWriter& w) {
        EXPECT_TRUE(w.dataAndHoles(readFour, extents, fillWithA5));
    }),
              bytes("668e33ef 0000 0001 00000000000000aa 0000000a"
                    "0000000000001000 a5a5"
                    "668e33ef 0001 0002 00000000000000aa 0000000c"
                    "0000000000001002 00000002"_hex));
}

TEST(Reply, aFailureAmidChunksTakesThemBack)
{
    const std::vector<exports::Extent> extents = {{2, true, true},
                                                  {2, false, false}};
    const Bytes out = written(Replies::structured, [&](ReplyWriter& w) {
        EXPECT_FALSE(w.dataAndHoles(readFour, extents, failToRead));
    });
    constexpr auto header = "668e33ef 0001 8001 00000000000000aa"_hex;
    ASSERT_GT(out.size(), 26U);
    EXPECT_TRUE(std::equal(header.begin(), header.end(), out.begin()));
    Reader rest{ByteView(out).subspan(16)};
    const uint32_t length = rest.u32();
    EXPECT_EQ(length, rest.left());
    EXPECT_EQ(ErrorValue{rest.u32()}, ErrorValue::eio);
    const uint16_t textLength = rest.u16();
    EXPECT_EQ(textLength, rest.left());
}

TEST(Reply, blockStatusHas32BitsOr64)
{
    const Command status{0, Cmd::blockStatus, 0xaa, 0, 0x300, 0};
    const std::vector<exports::Extent> extents = {{0x100, false, false},
                                                  {0x200, true, true}};
    const auto write = [&](ReplyWriter& w) { w.blockStatus(status, extents); };
    EXPECT_EQ(written(Replies::structured, write),
              bytes("668e33ef 0001 0005 00000000000000aa 00000014 00000001"
                    "00000100 00000000 00000200 00000003"_hex));
    EXPECT_EQ(written(Replies::extended, write),
              bytes("6e8a278c 0001 0006 00000000000000aa 0000000000000000"
                    "0000000000000028 00000001 00000002"
                    "0000000000000100 0000000000000000"
                    "0000000000000200 0000000000000003"_hex));
}

TEST(Reply, successIsAChunkOfItsOwnWhereRepliesAreStructured)
{
    const Command flush{0, Cmd::flush, 0xaa, 0, 0, 0};
    const auto write = [&](ReplyWriter& w) { w.success(flush); };
    EXPECT_EQ(written(Replies::simple, write),
              bytes("67446698 00000000 00000000000000aa"_hex));
    EXPECT_EQ(written(Replies::structured, write),
              bytes("668e33ef 0001 0000 00000000000000aa 00000000"_hex));
}

} // namespace vmedia::nbd
