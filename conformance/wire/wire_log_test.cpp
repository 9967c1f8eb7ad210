// SPDX-License-Identifier: Apache-2.0
#include "message.hpp"
#include "wire_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance
{

using testing::ElementsAre;
using vmedia::nbd::Bytes;

namespace
{

constexpr WireLog::Limits small{
    .head = 4, .tail = 2, .bytes = 16, .entries = 3};

Bytes filled(size_t size)
{
    Bytes bytes;
    for (size_t i = 0; i < size; ++i)
    {
        bytes.push_back(static_cast<std::byte>(i));
    }
    return bytes;
}

} // namespace

TEST(WireLog, keepsTheEndsOfALongRun)
{
    WireLog log(small);
    const uint32_t connection = log.connected("there");
    log.sent(connection, filled(100));
    const Wire wire = log.take();
    ASSERT_EQ(wire.entries.size(), 2U);
    const WireEntry& run = wire.entries[1];
    EXPECT_EQ(run.length, 100U);
    EXPECT_EQ(run.missing(), 94U);
    EXPECT_EQ(run.head, filled(4));
    EXPECT_THAT(run.tail, ElementsAre(std::byte{98}, std::byte{99}));
}

TEST(WireLog, putsTogetherWhatFollowsAtOnce)
{
    WireLog log;
    const uint32_t one = log.connected("a");
    const uint32_t two = log.connected("b");
    log.received(one, filled(3));
    log.received(one, filled(3));
    log.received(two, filled(1));
    log.event(WireKind::endReceived, two);
    const Wire wire = log.take();
    ASSERT_EQ(wire.entries.size(), 5U);
    EXPECT_EQ(wire.entries[2].length, 6U);
    EXPECT_EQ(wire.entries[3].connection, two);
    EXPECT_GT(wire.began, 0);
}

TEST(WireLog, keepsTheBeginningAndTheEndOfALongCase)
{
    WireLog log(small);
    const uint32_t connection = log.connected("there");
    for (int i = 0; i < 10; ++i)
    {
        log.sent(connection, filled(2));
        log.event(WireKind::note, 0, std::to_string(i));
    }
    const Wire wire = log.take();
    // 3 of the beginning, what was cut, 3 of the end.
    ASSERT_EQ(wire.entries.size(), 7U);
    EXPECT_EQ(wire.entries[2].text, "0");
    EXPECT_EQ(wire.entries[3].kind, WireKind::cut);
    EXPECT_EQ(wire.entries[3].length, 15U);
    EXPECT_THAT(wire.entries[3].lost, ElementsAre(WireLoss{connection, 16, 0}));
    EXPECT_EQ(wire.entries[6].text, "9");
}

TEST(WireLog, staysBelowItsBoundWhateverComes)
{
    WireLog log(small);
    const uint32_t connection = log.connected("there");
    for (int i = 0; i < 1000; ++i)
    {
        log.sent(connection, filled(50));
        log.received(connection, filled(50));
    }
    size_t kept = 0;
    uint64_t seen = 0;
    for (const WireEntry& entry : log.take().entries)
    {
        kept += entry.head.size() + entry.tail.size();
        seen += entry.isBytes() ? entry.length : 0;
        for (const WireLoss& loss : entry.lost)
        {
            seen += loss.sent + loss.received;
        }
    }
    EXPECT_LE(kept, 2 * small.bytes + small.head + small.tail);
    EXPECT_EQ(seen, 100'000U);
}

TEST(WireLog, isToldInLines)
{
    WireLog log;
    const uint32_t one = log.connected("here");
    log.event(WireKind::note, 0, "a remark");
    log.sent(one, filled(4));
    log.event(WireKind::endReceived, one);
    log.event(WireKind::closed, one);
    EXPECT_THAT(linesOf(log.take(), "nbd-server"),
                ElementsAre("-- connected, here", "-- a remark",
                            "-> client flags, 0x10203: "
                            "NBD_FLAG_C_FIXED_NEWSTYLE, NBD_FLAG_C_NO_ZEROES",
                            "<- closed by the target", "-- closed by us"));
}

} // namespace conformance
