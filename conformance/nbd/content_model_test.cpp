// SPDX-License-Identifier: Apache-2.0
#include "content_model.hpp"

#include <gtest/gtest.h>

namespace conformance::nbd
{

namespace
{

using vmedia::nbd::Bytes;

constexpr std::byte a{1};
constexpr std::byte b{2};
constexpr std::byte c{3};

/// Whether a read that begins and ends now may see @p value at @p offset.
bool mayHold(ContentModel& model, size_t offset, std::byte value)
{
    model.beginRead(99, offset, 1);
    return !model.endRead(99, Bytes{value});
}

} // namespace

TEST(ContentModel, aChangeInFlightMayOrMayNotShow)
{
    ContentModel model(Bytes(4, a));
    model.beginChange(1, 1, 2, b);
    EXPECT_TRUE(mayHold(model, 1, a));
    EXPECT_TRUE(mayHold(model, 1, b));
    EXPECT_FALSE(mayHold(model, 1, c));
    EXPECT_FALSE(mayHold(model, 0, b));
    EXPECT_FALSE(mayHold(model, 3, b));
}

TEST(ContentModel, aChangeThatEndedShows)
{
    ContentModel model(Bytes(4, a));
    model.beginChange(1, 1, 2, b);
    model.endChange(1);
    EXPECT_FALSE(mayHold(model, 1, a));
    EXPECT_TRUE(mayHold(model, 2, b));
    EXPECT_TRUE(mayHold(model, 3, a));
}

TEST(ContentModel, ofChangesThatOverlapAnyMayBeTheLast)
{
    ContentModel model(Bytes(1, a));
    model.beginChange(1, 0, 1, b);
    model.beginChange(2, 0, 1, c);
    model.endChange(2);
    EXPECT_TRUE(mayHold(model, 0, b));
    model.endChange(1);
    EXPECT_TRUE(mayHold(model, 0, b));
    EXPECT_TRUE(mayHold(model, 0, c));
    EXPECT_FALSE(mayHold(model, 0, a));
}

TEST(ContentModel, aReadMaySeeWhatBeganAfterIt)
{
    ContentModel model(Bytes(2, a));
    model.beginRead(1, 0, 2);
    model.beginChange(2, 1, 1, b);
    model.endChange(2);
    EXPECT_EQ(model.endRead(1, Bytes{a, b}), std::nullopt);
    model.beginRead(3, 0, 2);
    EXPECT_EQ(model.endRead(3, Bytes{a, a}), 1U);
}

TEST(ContentModel, whatWasTrimmedMayHoldAnything)
{
    ContentModel model(Bytes(1, a));
    model.beginChange(1, 0, 1, std::nullopt);
    model.endChange(1);
    EXPECT_TRUE(mayHold(model, 0, c));
}

TEST(ContentModel, aReadThatIsTooShortIsWrong)
{
    ContentModel model(Bytes(2, a));
    model.beginRead(1, 0, 2);
    EXPECT_EQ(model.endRead(1, Bytes{a}), 1U);
}

} // namespace conformance::nbd
