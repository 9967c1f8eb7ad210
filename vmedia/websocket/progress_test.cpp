// SPDX-License-Identifier: Apache-2.0
#include "progress.hpp"

#include <gtest/gtest.h>

namespace vmedia::websocket
{
using namespace std::chrono_literals;

TEST(Progress, bytesHaveThreeFiguresAndAUnit)
{
    EXPECT_EQ(humanBytes(0), "0 B");
    EXPECT_EQ(humanBytes(1023), "1023 B");
    EXPECT_EQ(humanBytes(1536), "1.5 KiB");
    EXPECT_EQ(humanBytes(uint64_t{700} << 20), "700 MiB");
    EXPECT_EQ(humanBytes(uint64_t{5} << 40), "5.0 TiB");
    EXPECT_EQ(humanBytes(UINT64_MAX), "16777216 TiB");
}

TEST(Progress, rateIsWhatMovedInTheInterval)
{
    EXPECT_EQ(progressText(3 << 20, 0, 1 << 20, 500ms),
              "served 3.0 MiB of reads, 2.0 MiB/s");
    EXPECT_EQ(progressText(3 << 20, 1 << 20, 0, 0ms),
              "served 3.0 MiB of reads, 1.0 MiB of writes, 0 B/s");
}

} // namespace vmedia::websocket
