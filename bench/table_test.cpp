// SPDX-License-Identifier: Apache-2.0
#include "table.hpp"

#include <gtest/gtest.h>

namespace bench
{
namespace
{

Table twoRows()
{
    Table table({"peer", "median", "x"}, 1);
    table.add({"vmedia-nbd", "3.41 GB/s", "1.2"});
    table.gap();
    table.add({"nbdkit", "900 MB/s", ""});
    return table;
}

TEST(Table, setsWordsLeftAndNumbersRightWithoutTrailingSpaces)
{
    EXPECT_EQ(twoRows().text(), "peer           median    x\n"
                                "vmedia-nbd  3.41 GB/s  1.2\n"
                                "\n"
                                "nbdkit       900 MB/s\n");
}

TEST(Table, markdownHasARuleAndNoGaps)
{
    EXPECT_EQ(twoRows().markdown(), "| peer       |    median |   x |\n"
                                    "| ---------- | --------: | --: |\n"
                                    "| vmedia-nbd | 3.41 GB/s | 1.2 |\n"
                                    "| nbdkit     |  900 MB/s |     |\n");
}

TEST(Table, withoutRowsIsItsHead)
{
    EXPECT_EQ(Table({"a", "b"}, 1).text(), "a  b\n");
}

} // namespace
} // namespace bench
