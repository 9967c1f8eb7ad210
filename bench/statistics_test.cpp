// SPDX-License-Identifier: Apache-2.0
#include "statistics.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace bench
{
namespace
{

TEST(Statistics, medianOfOddCountIsTheMiddleSample)
{
    const Summary summary = summarise(std::vector<double>{9, 1, 5});
    EXPECT_EQ(summary.median, 5);
    EXPECT_EQ(summary.least, 1);
    EXPECT_EQ(summary.most, 9);
}

TEST(Statistics, medianOfEvenCountIsBetweenTheMiddleTwo)
{
    EXPECT_EQ(summarise(std::vector<double>{4, 1, 2, 100}).median, 3);
}

TEST(Statistics, oneSampleHasNoSpread)
{
    const Summary summary = summarise(std::vector<double>{7});
    EXPECT_EQ(summary.median, 7);
    EXPECT_EQ(summary.spread(), 0);
}

TEST(Statistics, spreadIsTheRangeInPartsOfTheMedian)
{
    EXPECT_DOUBLE_EQ(summarise(std::vector<double>{9, 10, 12}).spread(), 0.3);
}

TEST(Statistics, spreadOfAMedianOfZeroIsZero)
{
    EXPECT_EQ(summarise(std::vector<double>{0, 0, 1}).spread(), 0);
}

TEST(Statistics, timesBetterIsAboveOneWhereLessIsWantedToo)
{
    EXPECT_EQ(timesBetter(6, 3, Better::higher), 2);
    EXPECT_EQ(timesBetter(3, 6, Better::lower), 2);
}

TEST(Statistics, nothingIsComparedWithZero)
{
    EXPECT_EQ(timesBetter(1, 0, Better::higher), 0);
    EXPECT_EQ(timesBetter(0, 1, Better::lower), 0);
}

} // namespace
} // namespace bench
