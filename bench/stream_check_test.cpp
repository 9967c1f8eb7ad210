// SPDX-License-Identifier: Apache-2.0
#include "stream_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bench
{
namespace
{
using testing::HasSubstr;
namespace ws = conformance::ws;

Bytes bytesFrom(size_t size, uint8_t first)
{
    Bytes bytes(size);
    for (std::byte& byte : bytes)
    {
        byte = std::byte{first++};
    }
    return bytes;
}

/// Two messages of different length and content.
std::vector<Bytes> twoMessages()
{
    return {bytesFrom(40, 1), bytesFrom(100, 77)};
}

TEST(StreamCheck, takesTheMessagesOverAndOverInAnyPieces)
{
    const std::vector<Bytes> messages = twoMessages();
    Bytes stream;
    for (size_t i = 0; i < 5; ++i)
    {
        vmedia::nbd::append(stream, ByteView(messages[i % 2]));
    }
    for (size_t piece : {1UL, 7UL, 39UL, 64UL, 1000UL})
    {
        StreamCheck check(messages);
        for (ByteView rest(stream); !rest.empty();)
        {
            const ByteView now = rest.first(std::min(piece, rest.size()));
            rest = rest.subspan(now.size());
            ASSERT_TRUE(check.take(now)) << piece;
        }
        EXPECT_EQ(check.done(), 5) << piece;
        EXPECT_EQ(check.bytes(), stream.size()) << piece;
        EXPECT_EQ(check.checked() > 0, piece >= sizeof(uint64_t)) << piece;
    }
}

TEST(StreamCheck, aMessageThatIsWrongOrLostIsAnError)
{
    const std::vector<Bytes> messages = twoMessages();
    Bytes wrong = messages[0];
    wrong.back() ^= std::byte{1};
    StreamCheck check(messages);
    const auto taken = check.take(wrong);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().what,
              "message 0 arrived with wrong content at its byte 32");
    EXPECT_FALSE(StreamCheck(messages).take(messages[1])); // the first is lost
}

TEST(FrameReader, findsPayloadInAnyPieces)
{
    Bytes stream;
    Bytes payload;
    for (const size_t size : {5UL, 0UL, 126UL, 70000UL})
    {
        const ws::Frame frame{.payload = bytesFrom(size, 9)};
        vmedia::nbd::append(stream, ByteView(ws::encode(frame)));
        vmedia::nbd::append(payload, ByteView(frame.payload));
        const ws::Frame ping{.opcode = ws::Opcode::ping,
                             .payload = bytesFrom(3, 0)};
        vmedia::nbd::append(stream, ByteView(ws::encode(ping)));
    }
    for (size_t piece : {1UL, 13UL, 4096UL, 100000UL})
    {
        FrameReader reader;
        Bytes found;
        for (ByteView rest(stream); !rest.empty();)
        {
            ByteView now = rest.first(std::min(piece, rest.size()));
            rest = rest.subspan(now.size());
            for (;;)
            {
                const auto part = reader.next(now);
                ASSERT_TRUE(part);
                if (part->empty())
                {
                    break;
                }
                vmedia::nbd::append(found, *part);
            }
        }
        EXPECT_EQ(found, payload) << piece;
    }
}

TEST(FrameReader, whatNoRelayHasToSendIsAnError)
{
    const auto errorOf = [](const ws::Frame& frame) {
        const Bytes bytes = ws::encode(frame);
        ByteView rest(bytes);
        const auto part = FrameReader().next(rest);
        return part ? "" : part.error().what;
    };
    EXPECT_THAT(
        errorOf({.opcode = ws::Opcode::close, .payload = ws::closeBody(1011)}),
        HasSubstr("not wanted: close"));
    EXPECT_THAT(
        errorOf({.opcode = ws::Opcode::text, .payload = bytesFrom(1, 65)}),
        HasSubstr("not wanted: text"));
    EXPECT_THAT(errorOf({.payload = bytesFrom(1, 65), .mask = ws::MaskKey{}}),
                HasSubstr("masked"));
}

} // namespace
} // namespace bench
