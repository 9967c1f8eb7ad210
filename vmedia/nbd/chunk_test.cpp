// SPDX-License-Identifier: Apache-2.0
#include "chunk.hpp"

#include <gtest/gtest.h>

namespace vmedia::nbd
{
using namespace literals;

namespace
{

// Typed from the spec, never printed by encode().
constexpr ChunkHeader hole{replyDone, Chunk::offsetHole, 0xaa, 12};
constexpr auto holeBytes = "668e33ef 0001 0002 00000000000000aa 0000000c"_hex;
static_assert(encode(hole) == holeBytes);

constexpr ExtendedRequest write{commandPayloadLen, Cmd::write, 0xaa, 0x1000,
                                512};
constexpr auto writeBytes =
    "21e41c71 0020 0001 00000000000000aa 0000000000001000 0000000000000200"_hex;
static_assert(encode(write) == writeBytes);
static_assert(decodeExtendedRequest(writeBytes) == write);

constexpr ExtendedChunkHeader done{replyDone, Chunk::none, 0xaa, 0x1000, 0};
constexpr auto doneBytes =
    "6e8a278c 0001 0000 00000000000000aa 0000000000001000 0000000000000000"_hex;
static_assert(encode(done) == doneBytes);

constexpr auto metaBytes =
    "00000001 61 00000002 00000005 626173653a 00000000"_hex;

} // namespace

TEST(Chunk, metaRequestGivesNameAndQueries)
{
    const Bytes bytes(metaBytes.begin(), metaBytes.end());
    const auto request = decodeMetaRequest(bytes);
    ASSERT_TRUE(request);
    EXPECT_EQ(request->exportName, "a");
    EXPECT_EQ(request->queries, (std::vector<std::string_view>{"base:", ""}));
    EXPECT_EQ(encodeMetaRequest("a", request->queries), bytes);
}

TEST(Chunk, everyShorterAndOneLongerMetaRequestIsRefused)
{
    Bytes bytes(metaBytes.begin(), metaBytes.end());
    for (size_t size = 0; size < bytes.size(); ++size)
    {
        const Bytes shorter(bytes.begin(),
                            bytes.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_FALSE(decodeMetaRequest(shorter)) << size << " bytes";
    }
    bytes.push_back(std::byte{0});
    EXPECT_FALSE(decodeMetaRequest(bytes));
}

TEST(Chunk, countsAndLengthsThatPromiseTooMuchCostNothing)
{
    constexpr auto count = "00000000 ffffffff"_hex;
    constexpr auto length = "ffffffff 00000000"_hex;
    EXPECT_FALSE(decodeMetaRequest(count));
    EXPECT_FALSE(decodeMetaRequest(length));
}

TEST(Chunk, printsTheSpecsNames)
{
    EXPECT_EQ(nameOf(Chunk::errorOffset), "NBD_REPLY_TYPE_ERROR_OFFSET");
    EXPECT_EQ(nameOf(Chunk{9}), "NBD_REPLY_TYPE 0x9");
}

} // namespace vmedia::nbd
