// SPDX-License-Identifier: Apache-2.0
#include "fault.hpp"

#include <cerrno>

#include <gtest/gtest.h>

namespace vmedia::exports
{
using namespace std::chrono_literals;

namespace
{

using Kind = Fault::Kind;

FaultPlan planOf(std::string_view text, uint64_t seed = 1)
{
    auto plan = FaultPlan::parse(text, seed);
    EXPECT_TRUE(plan) << describe(plan.error());
    return plan ? *plan : FaultPlan{};
}

/// The numbers, from 1, of the reads of 512 bytes that something happens to.
std::vector<int> hitsOf(FaultPlan plan, int count)
{
    std::vector<int> hits;
    for (int i = 1; i <= count; ++i)
    {
        if (plan.next(Operation::read, 0, 512).kind != Kind::none)
        {
            hits.push_back(i);
        }
    }
    return hits;
}

std::string errorOf(std::string_view text)
{
    const auto plan = FaultPlan::parse(text, 1);
    return plan ? "it parsed" : describe(plan.error());
}

} // namespace

TEST(FaultPlan, countsAtAndEvery)
{
    EXPECT_EQ(hitsOf(planOf("cut at 3"), 10), (std::vector{3}));
    EXPECT_EQ(hitsOf(planOf("stall every 4"), 10), (std::vector{4, 8}));
    EXPECT_EQ(hitsOf(planOf("stall"), 3), (std::vector{1, 2, 3}));
    EXPECT_EQ(hitsOf(planOf(""), 3), std::vector<int>{});
}

TEST(FaultPlan, givesEachEffectItsValue)
{
    const auto one = [](std::string_view text) {
        return planOf(text).next(Operation::read, 0, 4096);
    };
    EXPECT_EQ(one("delay 50ms"), (Fault{.kind = Kind::delay, .delay = 50ms}));
    EXPECT_EQ(one("delay 2s"), (Fault{.kind = Kind::delay, .delay = 2s}));
    EXPECT_EQ(one("error ENOSPC"),
              (Fault{.kind = Kind::error, .error = ENOSPC}));
    EXPECT_EQ(one("rate 10M"),
              (Fault{.kind = Kind::rate, .bytesPerSecond = 10 << 20}));
    EXPECT_EQ(one("cut").kind, Kind::cut);
    EXPECT_EQ(one("short").kind, Kind::shortReply);
    EXPECT_LT(one("short").keep, 4096U);
}

TEST(FaultPlan, aRangeIsTouchedByItsFirstAndItsLastByte)
{
    FaultPlan plan = planOf("error EIO write 1M-2M");
    const auto hit = [&plan](Operation operation, uint64_t offset,
                             uint64_t length) {
        return plan.next(operation, offset, length).kind == Kind::error;
    };
    constexpr uint64_t mebi = 1 << 20;
    EXPECT_TRUE(hit(Operation::write, mebi - 1, 2));
    EXPECT_FALSE(hit(Operation::write, mebi - 1, 1));
    EXPECT_TRUE(hit(Operation::write, 2 * mebi - 1, 1));
    EXPECT_FALSE(hit(Operation::write, 2 * mebi, 1));
    EXPECT_TRUE(hit(Operation::write, 0, ~uint64_t{0}));
    EXPECT_FALSE(hit(Operation::read, mebi, 1));
    EXPECT_EQ(planOf("cut 0-4K").next(Operation::flush, 0, 0).kind, Kind::none);
}

TEST(FaultPlan, theFirstRuleThatMatchesDecidesAndTheOthersCountOn)
{
    FaultPlan plan = planOf("cut at 2; error EIO every 2 # or\nstall at 3");
    EXPECT_EQ(plan.next(Operation::read, 0, 1).kind, Kind::none);
    EXPECT_EQ(plan.next(Operation::read, 0, 1).kind, Kind::cut);
    EXPECT_EQ(plan.next(Operation::read, 0, 1).kind, Kind::stall);
    EXPECT_EQ(plan.next(Operation::read, 0, 1).kind, Kind::error);
}

TEST(FaultPlan, aRateRepeatsForASeedAndIsKept)
{
    const auto hits = hitsOf(planOf("error EIO 1%", 7), 100'000);
    EXPECT_EQ(hits, hitsOf(planOf("error EIO 1%", 7), 100'000));
    EXPECT_NE(hits, hitsOf(planOf("error EIO 1%", 8), 100'000));
    EXPECT_GT(hits.size(), 850U);
    EXPECT_LT(hits.size(), 1150U);
    EXPECT_EQ(hitsOf(planOf("stall 100%"), 100).size(), 100U);
}

TEST(FaultPlan, aCopyGoesOnFromWhereItWasTaken)
{
    FaultPlan plan = planOf("error EIO 30%; short every 3", 5);
    plan.next(Operation::read, 0, 512);
    FaultPlan copy = plan;
    for (int i = 0; i < 50; ++i)
    {
        EXPECT_EQ(plan.next(Operation::read, 0, 512),
                  copy.next(Operation::read, 0, 512));
    }
}

TEST(FaultPlan, aRuleThatCannotBeReadIsNamedWithWhatToWrite)
{
    EXPECT_EQ(errorOf("cut at 1; delay 5"),
              "'5' is not a time of at most an hour (rule 2 'delay 5'); "
              "write 500us, 50ms or 2s");
    EXPECT_EQ(errorOf("error EWHAT"),
              "'EWHAT' is not an error of NBD's (rule 1 'error EWHAT'); use "
              "EPERM, EIO, ENOMEM, EINVAL, ENOSPC, EOVERFLOW, ENOTSUP or "
              "ESHUTDOWN");
    EXPECT_EQ(errorOf("delay"),
              "a time of at most an hour is missing (rule 1 'delay'); "
              "write 500us, 50ms or 2s");
    for (const char* text : {"explode",
                             "delay 0ms",
                             "delay 2h",
                             "delay 9999999999999999999s",
                             "cut at",
                             "cut at 0",
                             "cut at -1",
                             "cut every x",
                             "error EIO 0%",
                             "error EIO 101%",
                             "error EIO 1.%",
                             "error EIO %",
                             "error EIO 1.23456%",
                             "error EIO -1%",
                             "rate 0",
                             "rate",
                             "cut 2M-1M",
                             "cut 1M-1M",
                             "cut -",
                             "cut 0-1M 2M-3M",
                             "cut read write",
                             "short write",
                             "cut at 1 at 2",
                             "cut always 1%",
                             "cut boldly",
                             "cut at 18446744073709551616"})
    {
        EXPECT_FALSE(FaultPlan::parse(text, 1)) << text;
    }
}

TEST(FaultPlan, acceptsBlanksCommentsAndEmptyRules)
{
    EXPECT_EQ(hitsOf(planOf("  \n;; # cut; cut\n\t cut \t at  2 ;\r\n"), 5),
              (std::vector{2}));
    EXPECT_EQ(hitsOf(planOf("error EIO read 0-1K at 2"), 5), (std::vector{2}));
}

} // namespace vmedia::exports
