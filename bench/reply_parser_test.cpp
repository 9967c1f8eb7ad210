// SPDX-License-Identifier: Apache-2.0
#include "reply_parser.hpp"

#include <map>
#include <vector>

#include <gtest/gtest.h>

namespace bench
{
namespace
{
using namespace vmedia::nbd;
using namespace vmedia::nbd::literals;

/// Keeps what it is told; each reply without an error has 5 bytes of data.
struct Recorder
{
    std::optional<uint32_t> onReply(const SimpleReply& reply)
    {
        if (reply.error == ErrorValue::eio)
        {
            return {};
        }
        replies.push_back(reply);
        return reply.error == ErrorValue::none ? 5 : 0;
    }
    bool onData(uint64_t cookie, uint32_t position, ByteView piece)
    {
        EXPECT_EQ(position, data[cookie].size());
        append(data[cookie], piece);
        return true;
    }
    void onDone(uint64_t cookie)
    {
        done.push_back(cookie);
    }

    std::vector<SimpleReply> replies;
    std::map<uint64_t, Bytes> data;
    std::vector<uint64_t> done;
};

// Typed from proto.md, "Simple reply message".
constexpr auto stream = "67446698 00000000 0000000000000007 0102030405"
                        "67446698 00000016 0000000000000008"
                        "67446698 00000000 0000000000000009 0a0b0c0d0e"_hex;

TEST(ReplyParser, givesTheSameWhereverTheStreamIsCut)
{
    for (size_t size = 1; size <= stream.size(); ++size)
    {
        ReplyParser parser;
        Recorder sink;
        for (size_t at = 0; at < stream.size(); at += size)
        {
            const ByteView rest = ByteView(stream).subspan(at);
            ASSERT_EQ(
                parser.feed(rest.first(std::min(size, rest.size())), sink),
                ReplyParser::Fed::all);
        }
        EXPECT_EQ(sink.replies,
                  (std::vector<SimpleReply>{{ErrorValue::none, 7},
                                            {ErrorValue::einval, 8},
                                            {ErrorValue::none, 9}}))
            << "in pieces of " << size;
        EXPECT_EQ(sink.done, (std::vector<uint64_t>{7, 8, 9}));
        const auto last = "0a0b0c0d0e"_hex;
        EXPECT_EQ(sink.data[9], Bytes(last.begin(), last.end()));
    }
}

TEST(ReplyParser, tellsAStreamThatIsNotOfSimpleReplies)
{
    ReplyParser parser;
    Recorder sink;
    // A structured reply's magic: one that nobody negotiated.
    const auto other = "668e33ef 0000 0000 0000000000000007"_hex;
    EXPECT_EQ(parser.feed(other, sink), ReplyParser::Fed::badMagic);
    EXPECT_TRUE(sink.done.empty());
}

TEST(ReplyParser, stopsWhenTheSinkRefusesAReply)
{
    ReplyParser parser;
    Recorder sink;
    const auto eio = "67446698 00000005 0000000000000007"_hex;
    EXPECT_EQ(parser.feed(eio, sink), ReplyParser::Fed::stopped);
    EXPECT_TRUE(sink.done.empty());
}

} // namespace
} // namespace bench
