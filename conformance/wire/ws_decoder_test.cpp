// SPDX-License-Identifier: Apache-2.0
#include "ws_decoder.hpp"
#include "ws_frame.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance
{

using namespace vmedia::nbd::literals;
using testing::ElementsAre;
using vmedia::nbd::ByteView;

namespace
{

class WsDecoder : public testing::Test
{
  protected:
    void sent(ByteView bytes)
    {
        client.append(entries++, bytes);
    }
    void came(ByteView bytes)
    {
        server.append(entries++, bytes);
    }
    static ByteView text(std::string_view words)
    {
        return std::as_bytes(std::span(words));
    }
    void open()
    {
        sent(text("GET /nbd HTTP/1.1\r\nHost: bmc\r\n\r\n"));
        came(text("HTTP/1.1 101 Switching Protocols\r\n"
                  "Upgrade: websocket\r\n\r\n"));
    }
    /// After the two heads.
    std::vector<std::string> frames()
    {
        std::vector<std::string> lines;
        for (const Message& one : decodeWebSocket(client, server))
        {
            if (one.layer != "HTTP")
            {
                lines.push_back(lineOf(one));
            }
        }
        return lines;
    }

    OneWay client;
    OneWay server;
    size_t entries = 0;
};

TEST_F(WsDecoder, NamesTheHeadsAndTheirFields)
{
    open();
    const auto messages = decodeWebSocket(client, server);
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_EQ(lineOf(messages[0]), "-> GET /nbd HTTP/1.1, 1 field");
    EXPECT_EQ(messages[0].fields.at(1), (Field{"Host", "'bmc'", 19, 11}));
    EXPECT_EQ(messages[1].title, "HTTP/1.1 101 Switching Protocols");
}

/// RFC 6455, 5.7
TEST_F(WsDecoder, TheExamplesOfTheRfc)
{
    open();
    came("81 05 48 65 6c 6c 6f"_hex);
    sent("81 85 37 fa 21 3d 7f 9f 4d 51 58"_hex);
    came("01 03 48 65 6c"_hex);
    came("80 02 6c 6f"_hex);
    came("89 05 48 65 6c 6c 6f"_hex);
    sent("8a 85 37 fa 21 3d 7f 9f 4d 51 58"_hex);
    EXPECT_THAT(frames(),
                ElementsAre("<- text frame, 5 bytes: 'Hello'",
                            "-> text frame, 5 bytes: 'Hello'",
                            "<- text frame, 3 bytes, not final: 'Hel'",
                            "<- continuation frame, 2 bytes",
                            "<- Ping, 5 bytes: 'Hello'",
                            "-> Pong, 5 bytes: 'Hello'"));
}

TEST_F(WsDecoder, TellsWhatAFrameBreaks)
{
    open();
    sent("c2 01 00"_hex);
    sent("8b 80 00000000"_hex);
    sent("88 02 03ea"_hex);
    came("88 05 03ea 626164"_hex);
    came("82 7e 0001 00"_hex);
    came("82 05 00"_hex);
    EXPECT_THAT(frames(),
                ElementsAre("-> binary frame, 1 byte, RSV1, not masked",
                            "-> frame with opcode 0xb, 0 bytes",
                            "-> Close 1002, protocol error, not masked",
                            "<- Close 1002, protocol error: 'bad'",
                            "<- binary frame, 1 byte, its length in 16 bits",
                            "<- binary frame, 5 bytes; only 1 came"));
}

TEST_F(WsDecoder, PutsNbdBehindTheFrameThatCompletesIt)
{
    open();
    came("02 08 4e42444d41474943"_hex);
    came("80 0a 49484156454f5054 0003"_hex);
    sent("82 84 01020304 01020307"_hex);
    const auto lines = frames();
    ASSERT_EQ(lines.size(), 5U);
    EXPECT_TRUE(lines[2].starts_with("<-   greeting")) << lines[2];
    EXPECT_TRUE(lines[4].starts_with("->   client flags")) << lines[4];
}

TEST_F(WsDecoder, AnEchoHasNoNbd)
{
    open();
    sent("82 88 00000000 4e42444d41474943"_hex);
    came("82 08 4e42444d41474943"_hex);
    EXPECT_EQ(frames().size(), 2U);
}

TEST_F(WsDecoder, ManyFramesAlikeAreOneLine)
{
    open();
    for (int i = 0; i < 200; ++i)
    {
        sent("00 81 00000000 41"_hex);
    }
    sent("80 81 00000000 41"_hex);
    EXPECT_THAT(
        frames(),
        ElementsAre("-> 200 × continuation frame, each 1 byte, not final",
                    "-> continuation frame, 1 byte"));
}

TEST_F(WsDecoder, ARefusalHasABodyAndNoFrames)
{
    sent(text("GET / HTTP/1.1\r\n\r\n"));
    came(text("HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno"));
    const auto messages = decodeWebSocket(client, server);
    ASSERT_EQ(messages.size(), 3U);
    EXPECT_EQ(lineOf(messages[2]), "<- body, 2 bytes: 'no'");
}

} // namespace
} // namespace conformance
