// SPDX-License-Identifier: Apache-2.0
#include "message.hpp"
#include "nbd_decoder.hpp"
#include "vmedia/nbd/pack.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// Bytes are typed from doc/proto.md.
namespace conformance
{

using namespace vmedia::nbd::literals;
using testing::ElementsAre;
using testing::HasSubstr;
using vmedia::nbd::Bytes;

namespace
{

class NbdDecoder : public testing::Test
{
  protected:
    template <size_t size>
    void sent(const std::array<std::byte, size>& bytes)
    {
        client.append(entries++, vmedia::nbd::ByteView(bytes));
    }
    template <size_t size>
    void came(const std::array<std::byte, size>& bytes)
    {
        server.append(entries++, vmedia::nbd::ByteView(bytes));
    }
    /// The greeting, and client flags after it.
    void greet()
    {
        came("4e42444d41474943 49484156454f5054 0003"_hex);
        sent("00000003"_hex);
    }
    std::vector<Message> decoded()
    {
        auto messages = decodeNbd(client, server);
        std::ranges::stable_sort(messages, {}, &Message::entry);
        return messages;
    }
    static std::vector<std::string> titles(const std::vector<Message>& messages)
    {
        std::vector<std::string> found;
        found.reserve(messages.size());
        for (const Message& message : messages)
        {
            found.push_back(message.title);
        }
        return found;
    }
    static std::string value(const Message& message, std::string_view name)
    {
        for (const Field& field : message.fields)
        {
            if (field.name == name)
            {
                return field.value;
            }
        }
        return "no such field";
    }

    OneWay client;
    OneWay server;
    size_t entries = 0;
};

} // namespace

TEST_F(NbdDecoder, namesTheGreetingAndTheClientFlags)
{
    greet();
    const auto messages = decoded();
    EXPECT_THAT(titles(messages), ElementsAre("greeting", "client flags"));
    EXPECT_EQ(value(messages[0], "magic"), "'NBDMAGIC'");
    EXPECT_EQ(value(messages[0], "newstyle magic"), "'IHAVEOPT'");
    EXPECT_EQ(value(messages[0], "handshake flags"),
              "0x3: NBD_FLAG_FIXED_NEWSTYLE, NBD_FLAG_NO_ZEROES");
    EXPECT_EQ(value(messages[1], "client flags"),
              "0x3: NBD_FLAG_C_FIXED_NEWSTYLE, NBD_FLAG_C_NO_ZEROES");
}

TEST_F(NbdDecoder, namesAnOptionAndItsInformation)
{
    greet();
    sent("49484156454f5054 00000007 0000000c"
         "00000004 6469736b 0001 0003"_hex);
    came("0003e889045565a9 00000007 00000003 0000000c"
         "0000 0000000000100000 0001"
         "0003e889045565a9 00000007 00000003 0000000e"
         "0003 00000001 00001000 02000000"
         "0003e889045565a9 00000007 00000001 00000000"_hex);
    const auto messages = decoded();
    EXPECT_THAT(titles(messages),
                ElementsAre("greeting", "client flags", "NBD_OPT_GO",
                            "NBD_REP_INFO to NBD_OPT_GO",
                            "NBD_REP_INFO to NBD_OPT_GO",
                            "NBD_REP_ACK to NBD_OPT_GO"));
    EXPECT_EQ(value(messages[2], "export name"), "'disk'");
    EXPECT_EQ(value(messages[2], "information request"),
              "NBD_INFO_BLOCK_SIZE (3)");
    EXPECT_EQ(messages[2].offset, 4U);
    EXPECT_EQ(messages[2].length, 28U);
    EXPECT_EQ(value(messages[3], "export size"), "1048576");
    EXPECT_EQ(value(messages[3], "transmission flags"),
              "0x1: NBD_FLAG_HAS_FLAGS");
    EXPECT_EQ(value(messages[4], "preferred block size"), "4096");
    // Every byte has a field, and in order.
    uint64_t at = 0;
    for (const Field& field : messages[4].fields)
    {
        EXPECT_EQ(field.offset, at);
        at += field.length;
    }
    EXPECT_EQ(at, messages[4].length);
}

TEST_F(NbdDecoder, findsTheDataOfASimpleReplyByItsCookie)
{
    greet();
    sent(
        "25609513 0000 0000 1122334455667788 0000000000000200 00000004"
        "25609513 0001 0001 1122334455667789 0000000000000000 00000002 abcd"_hex);
    came("67446698 00000000 1122334455667789"
         "67446698 00000000 1122334455667788 01020304"
         "67446698 00000016 0000000000000001"_hex);
    const auto messages = decoded();
    EXPECT_THAT(titles(messages),
                ElementsAre("greeting", "client flags", "NBD_CMD_READ",
                            "NBD_CMD_WRITE", "simple reply to NBD_CMD_WRITE",
                            "simple reply to NBD_CMD_READ", "simple reply"));
    EXPECT_EQ(value(messages[2], "offset"), "512");
    EXPECT_EQ(value(messages[3], "command flags"), "0x1: NBD_CMD_FLAG_FUA");
    EXPECT_EQ(value(messages[3], "data"), "2 bytes");
    EXPECT_EQ(value(messages[5], "cookie"), "0x1122334455667788");
    EXPECT_EQ(value(messages[5], "data"), "4 bytes");
    EXPECT_EQ(value(messages[6], "error"), "NBD_EINVAL (22)");
}

TEST_F(NbdDecoder, namesChunksOfStructuredAndExtendedReplies)
{
    greet();
    sent("49484156454f5054 00000008 00000000"_hex);
    came("0003e889045565a9 00000008 00000001 00000000"_hex);
    sent("25609513 0000 0000 0000000000000001 0000000000000000 00000400"
         "21e41c71 0000 0007 0000000000000002 0000000000000000"
         "0000000000000400"_hex);
    came("668e33ef 0000 0002 0000000000000001 0000000c"
         "0000000000000000 00000400"
         "668e33ef 0001 8001 0000000000000001 00000008 00000005 0002 6f68"
         "6e8a278c 0001 0006 0000000000000002 0000000000000000"
         "0000000000000018 00000001 00000001"
         "0000000000000400 0000000000000003"_hex);
    const auto messages = decoded();
    EXPECT_THAT(
        titles(messages),
        ElementsAre("greeting", "client flags", "NBD_OPT_STRUCTURED_REPLY",
                    "NBD_REP_ACK to NBD_OPT_STRUCTURED_REPLY", "NBD_CMD_READ",
                    "NBD_CMD_BLOCK_STATUS, extended",
                    "NBD_REPLY_TYPE_OFFSET_HOLE to NBD_CMD_READ",
                    "NBD_REPLY_TYPE_ERROR to NBD_CMD_READ",
                    "NBD_REPLY_TYPE_BLOCK_STATUS_EXT to NBD_CMD_BLOCK_STATUS"));
    EXPECT_EQ(value(messages[6], "hole size"), "1024");
    EXPECT_EQ(value(messages[7], "reply flags"), "0x1: NBD_REPLY_FLAG_DONE");
    EXPECT_EQ(value(messages[7], "error"), "NBD_EIO (5)");
    EXPECT_EQ(value(messages[7], "message"), "'oh'");
    EXPECT_EQ(value(messages[8], "status flags"),
              "0x3: NBD_STATE_HOLE, NBD_STATE_ZERO");
}

TEST_F(NbdDecoder, knowsTheReplyWithoutAMagic)
{
    greet();
    sent("49484156454f5054 00000001 00000001 61"_hex);
    came("0000000000001000 0003"_hex);
    const auto messages = decoded();
    ASSERT_EQ(messages.size(), 4U);
    EXPECT_EQ(messages[3].title, "the export, to NBD_OPT_EXPORT_NAME");
    EXPECT_EQ(value(messages[3], "export size"), "4096");
}

TEST_F(NbdDecoder, namesAMetaContext)
{
    greet();
    sent("49484156454f5054 0000000a 0000000d"
         "00000000 00000001 00000001 78"_hex);
    came("0003e889045565a9 0000000a 00000004 00000005 00000009 78"_hex);
    const auto messages = decoded();
    ASSERT_EQ(messages.size(), 4U);
    EXPECT_EQ(value(messages[2], "query"), "'x'");
    EXPECT_EQ(value(messages[3], "metadata context ID"), "9");
    EXPECT_EQ(value(messages[3], "metadata context name"), "'x'");
}

TEST_F(NbdDecoder, goesOnAfterWhatIsNoMessage)
{
    greet();
    sent("49484156454f5053 00000003 00000000"
         "49484156454f5054 00000003 00000000"_hex);
    came("ffffff 0003e889045565a9 00000003 00000001 00000000 00"_hex);
    const auto messages = decoded();
    EXPECT_THAT(titles(messages),
                ElementsAre("greeting", "client flags", "unparsed bytes",
                            "NBD_OPT_LIST", "unparsed bytes",
                            "NBD_REP_ACK to NBD_OPT_LIST", "unparsed bytes"));
    EXPECT_TRUE(messages[2].unparsed);
    EXPECT_EQ(messages[2].length, 16U);
    EXPECT_EQ(messages[6].length, 1U);
}

TEST_F(NbdDecoder, saysThatAMessageIsCutOff)
{
    greet();
    sent("49484156454f5054 00000006 ffffffff 00000001"_hex);
    const auto messages = decoded();
    ASSERT_EQ(messages.size(), 3U);
    EXPECT_TRUE(messages[2].unparsed);
    EXPECT_THAT(messages[2].summary,
                HasSubstr("only 20 of 4294967311 bytes came"));
}

TEST_F(NbdDecoder, namesLengthsThatLie)
{
    greet();
    sent("49484156454f5054 00000007 00000006 000000ff 0000"_hex);
    const auto messages = decoded();
    ASSERT_EQ(messages.size(), 3U);
    EXPECT_EQ(value(messages[2], "export name length"), "255");
    EXPECT_EQ(value(messages[2], "unparsed bytes"), "2 bytes");
}

TEST_F(NbdDecoder, staysInStepWhereDataWasNotKept)
{
    greet();
    sent(
        "25609513 0000 0001 0000000000000001 0000000000000000 00100000 ab"_hex);
    client.skip(entries++, (1 << 20) - 1);
    sent("25609513 0000 0002 0000000000000002 0000000000000000 00000000"_hex);
    const auto messages = decoded();
    EXPECT_THAT(titles(messages), ElementsAre("greeting", "client flags",
                                              "NBD_CMD_WRITE", "NBD_CMD_DISC"));
    EXPECT_EQ(messages[2].length, 28U + (1 << 20));
    EXPECT_FALSE(messages[2].unparsed);
}

TEST_F(NbdDecoder, findsItsStepAfterAGap)
{
    greet();
    client.skip(entries++, 100);
    sent("0102 25609513 0000 0002 0000000000000002 0000000000000000"
         "00000000"_hex);
    const auto messages = decoded();
    EXPECT_THAT(titles(messages),
                ElementsAre("greeting", "client flags", "not kept",
                            "the rest of what was not kept", "NBD_CMD_DISC"));
    EXPECT_FALSE(messages[3].unparsed);
}

} // namespace conformance
