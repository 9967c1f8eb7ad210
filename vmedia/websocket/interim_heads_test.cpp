// SPDX-License-Identifier: Apache-2.0
#include "interim_heads.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <gtest/gtest.h>

namespace vmedia::websocket
{

namespace
{

const std::string hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
const std::string switching = "HTTP/1.1 101 Switching Protocols\r\n\r\n";

std::string restOf(std::string_view text, size_t piece)
{
    InterimHeads heads;
    while (!text.empty() && !heads.isOver())
    {
        heads.add(text.substr(0, piece));
        text.remove_prefix(std::min(piece, text.size()));
    }
    return heads.isOver() ? heads.rest() + std::string(text)
                          : "not over: " + heads.rest();
}

} // namespace

TEST(InterimHeads, areDroppedHoweverTheyAreCut)
{
    for (const size_t piece : {1U, 7U, 1000U})
    {
        EXPECT_EQ(
            restOf(fmt::format("{0}{0}{1}frames", hints, switching), piece),
            switching + "frames");
    }
}

TEST(InterimHeads, leaveAnyOtherResponseAlone)
{
    for (const std::string_view text :
         {"HTTP/1.1 101 x", "HTTP/1.1 200 x", "HTTP/1.0 100 x", "SSH-2.0 x",
          "\x82\x05 frames"})
    {
        EXPECT_EQ(restOf(text, 1), text);
        EXPECT_EQ(restOf(text, 1000), text);
    }
}

TEST(InterimHeads, waitForTheirEnd)
{
    EXPECT_EQ(restOf("HTTP/1.1 1", 3), "not over: HTTP/1.1 1");
    EXPECT_EQ(restOf("HTTP/1.1 100 Continue\r\n", 3),
              "not over: HTTP/1.1 100 Continue\r\n");
}

TEST(InterimHeads, areBounded)
{
    const std::string endless = "HTTP/1.1 100 x\r\n" + std::string(20000, 'x');
    EXPECT_EQ(restOf(endless, 1000), endless);
    std::string many;
    for (int i = 0; i < 17; ++i)
    {
        many += hints;
    }
    EXPECT_EQ(restOf(many, 1000), hints);
}

} // namespace vmedia::websocket
