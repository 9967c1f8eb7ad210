// SPDX-License-Identifier: Apache-2.0
#include "timeline.hpp"

#include <gtest/gtest.h>

namespace sim
{
using namespace std::chrono_literals;

TEST(Timeline, aStageCountsOnce)
{
    Timeline timeline;
    EXPECT_TRUE(timeline.mark(Stage::loader, 5ms, "first"));
    EXPECT_FALSE(timeline.mark(Stage::loader, 9ms, "second"));
    ASSERT_NE(timeline.find(Stage::loader), nullptr);
    EXPECT_EQ(timeline.find(Stage::loader)->evidence, "first");
    EXPECT_EQ(timeline.find(Stage::userSpace), nullptr);
}

TEST(Timeline, rowsAlignAndAreCutToTheTerminal)
{
    EXPECT_EQ(formatRow({Stage::hostPowered, 4942ms, ""}, 80),
              "  4942 ms  host: power on");
    EXPECT_EQ(formatRow({Stage::webSocketOpen, 123456ms, "abcdefghij"}, 80),
              "123456 ms  WebSocket open               abcdefghij");
    EXPECT_EQ(formatRow({Stage::webSocketOpen, 123456ms, "abcdefghij"}, 44),
              "123456 ms  WebSocket open               abc…");
}

} // namespace sim
