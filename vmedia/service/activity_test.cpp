// SPDX-License-Identifier: Apache-2.0
#include "activity.hpp"
#include "nbd_client.hpp"

#include <fmt/ranges.h>

#include <gtest/gtest.h>

namespace vmedia::service
{

namespace
{

using std::chrono::seconds;

TEST(Activity, countsDownAndStartsAnewWithEachAccess)
{
    Activity activity;
    EXPECT_EQ(activity.remaining(), 0);
    activity.begin({{5, 1}}, seconds(3));
    EXPECT_EQ(activity.remaining(), 3);
    EXPECT_FALSE(activity.tick({{5, 1}}));
    EXPECT_FALSE(activity.tick({{5, 1}}));
    EXPECT_EQ(activity.remaining(), 1);
    EXPECT_FALSE(activity.tick({{5, 2}}));
    EXPECT_EQ(activity.remaining(), 3);
    EXPECT_FALSE(activity.tick({{5, 2}}));
    EXPECT_FALSE(activity.tick({{5, 2}}));
    EXPECT_TRUE(activity.tick({{5, 2}}));
    EXPECT_EQ(activity.count({9, 2}), (NbdDevice::Count{4, 1}));
}

TEST(Activity, believesTheHostsOwnCount)
{
    Activity activity;
    activity.begin({{5, 1}, "reads 5"}, seconds(2));
    EXPECT_FALSE(activity.tick({{7, 1}, "reads 5"})) << "this machine's own";
    EXPECT_EQ(activity.remaining(), 1);
    EXPECT_FALSE(activity.tick({{7, 1}, "reads 6"})) << "from the page cache";
    EXPECT_EQ(activity.remaining(), 2);
}

TEST(NbdClient, isToldWhatItKnows)
{
    ClientOptions options{.socket = "/s", .device = "/dev/nbd0"};
    const auto line = [&](const ClientAbilities& abilities) {
        return fmt::format("{}",
                           fmt::join(clientCommand(options, abilities), " "));
    };
    EXPECT_EQ(line(clientAbilities("Usage: nbd-client … [-nonetlink|-L]\n"
                                   "[-readonly|-R]")),
              "nbd-client -u /s -n -L -R -t 30 -b 512 /dev/nbd0");
    EXPECT_EQ(line(clientAbilities("Usage: nbd-client … [-nofork|-n]")),
              "nbd-client -u /s -n -t 30 -b 512 /dev/nbd0");
    options.readOnly = false;
    options.blockSize = 4096;
    EXPECT_EQ(line(clientAbilities("Segmentation fault")),
              "nbd-client -u /s -n -L -t 30 -b 4096 /dev/nbd0");
}

} // namespace
} // namespace vmedia::service
