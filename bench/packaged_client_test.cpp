// SPDX-License-Identifier: Apache-2.0
#include "packaged_client.hpp"

#include <gtest/gtest.h>

namespace bench
{
namespace
{

TEST(Fio, figuresAreTakenFromItsFirstJob)
{
    const auto loaded = parseFio(
        "note: both iodepth >= 1 and synchronous\n"
        R"({"jobs": [{"read": {"total_ios": 2000, "io_bytes": 8192000,
                     "runtime": 500}}]})");
    ASSERT_TRUE(loaded) << describe(loaded.error());
    EXPECT_EQ(loaded->requests, 2000);
    EXPECT_EQ(loaded->bytes, 8192000);
    EXPECT_EQ(loaded->seconds, 0.5);
}

TEST(Fio, outputWithoutJsonIsAnError)
{
    EXPECT_FALSE(parseFio(""));
    EXPECT_FALSE(parseFio("fio: engine nbd not loadable"));
    EXPECT_FALSE(parseFio(R"({"jobs": []})"));
}

TEST(Fio, aRunThatReadNothingIsAnError)
{
    EXPECT_FALSE(parseFio(R"({"jobs": [{"read": {"total_ios": 0}}]})"));
}

} // namespace
} // namespace bench
