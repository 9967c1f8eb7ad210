// SPDX-License-Identifier: Apache-2.0
#include "secrets.hpp"
#include "wire_log.hpp"

#include <gtest/gtest.h>

namespace
{

using namespace conformance;
using vmedia::nbd::ByteView;

const std::string secret = "cm9vdDpzZXNhbQ==";

void say(WireLog& log, uint32_t connection, std::string_view text)
{
    log.sent(connection, std::as_bytes(std::span(text)));
}

std::string textOf(const Wire& wire)
{
    std::string text;
    for (const WireEntry& entry : wire.entries)
    {
        for (const auto* part : {&entry.head, &entry.tail})
        {
            for (const std::byte byte : *part)
            {
                text += static_cast<char>(byte);
            }
        }
    }
    return text;
}

std::string hidden(Wire wire)
{
    Secrets secrets;
    secrets.add(secret);
    secrets.hide(wire);
    return textOf(wire);
}

TEST(Secrets, AreHiddenWhole)
{
    WireLog log;
    const uint32_t one = log.connected("here");
    say(log, one, "Authorization: Basic " + secret + "\r\n");
    EXPECT_EQ(hidden(log.take()),
              "Authorization: Basic " + std::string(16, '*') + "\r\n");
}

TEST(Secrets, AreHiddenInPiecesAmongOtherConnections)
{
    WireLog log;
    const uint32_t one = log.connected("here");
    const uint32_t two = log.connected("there");
    for (const char c : "Basic " + secret)
    {
        say(log, one, std::string_view(&c, 1));
        say(log, two, "x");
    }
    std::string text = hidden(log.take());
    std::erase(text, 'x');
    EXPECT_EQ(text, "Basic " + std::string(16, '*'));
}

TEST(Secrets, AreHiddenWhereTheyCameBack)
{
    WireLog log;
    const uint32_t one = log.connected("here");
    const std::string text = "you said " + secret;
    log.received(one, std::as_bytes(std::span(text)));
    EXPECT_EQ(hidden(log.take()), "you said " + std::string(16, '*'));
}

TEST(Secrets, AreHiddenWhereTheLogWasCut)
{
    WireLog log({.head = 10, .tail = 5});
    const uint32_t one = log.connected("here");
    say(log, one, "Basic " + secret);
    EXPECT_EQ(hidden(log.take()), "Basic *********");
}

TEST(Secrets, LeaveEverythingElse)
{
    WireLog log;
    const uint32_t one = log.connected("here");
    say(log, one, "cm9vdDpzZXNhb and then the rest");
    EXPECT_EQ(hidden(log.take()), "cm9vdDpzZXNhb and then the rest");
    std::string text = "got '" + secret + "' and " + secret;
    Secrets secrets;
    secrets.add(secret);
    secrets.hide(text);
    EXPECT_EQ(text, "got '****************' and ****************");
}

} // namespace
