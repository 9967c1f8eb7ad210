// SPDX-License-Identifier: Apache-2.0
#include "url.hpp"

#include <gtest/gtest.h>

namespace vmedia::websocket
{

TEST(Url, readsHostPortAndTarget)
{
    const Result<Url> url = parseUrl("wss://bmc.example:8443/nbd/0?x=1");
    ASSERT_TRUE(url);
    EXPECT_TRUE(url->secure);
    EXPECT_EQ(url->host, "bmc.example");
    EXPECT_EQ(url->port, 8443);
    EXPECT_EQ(url->target, "/nbd/0?x=1");
    EXPECT_EQ(url->authority(), "bmc.example:8443");
}

TEST(Url, defaultPortsAreNotSaid)
{
    EXPECT_EQ(parseUrl("wss://bmc/nbd/0")->authority(), "bmc");
    EXPECT_EQ(parseUrl("ws://bmc")->port, 80);
    EXPECT_EQ(parseUrl("ws://bmc")->text(), "ws://bmc/");
}

TEST(Url, aTargetBeginsWithASlashWhateverIsLeftOut)
{
    EXPECT_EQ(parseUrl("wss://bmc?slot=0")->target, "/?slot=0");
}

TEST(Url, aHostPutsNothingIntoTheRequestButItself)
{
    for (const char* text : {"wss://bmc%0d%0aX-Header:%20x/nbd/0",
                             "wss://b%3ac/nbd/0", "wss://[v1.bmc]/nbd/0"})
    {
        const Result<Url> url = parseUrl(text);
        ASSERT_FALSE(url) << text;
        EXPECT_EQ(url.error().code, Errc::usage);
    }
}

TEST(Url, anIpv6LiteralLosesItsBracketsForTheResolverOnly)
{
    const Result<Url> url = parseUrl("wss://[::1]:4433/nbd/0");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->host, "::1");
    EXPECT_EQ(url->authority(), "[::1]:4433");
}

TEST(Url, refusesWhatItCannotDial)
{
    for (const char* text :
         {"", "bmc", "https://bmc/nbd/0", "wss://", "wss:///nbd/0",
          "wss://bmc:0/", "wss://bmc:99999/", "wss://bmc/#x", "wss://a b/",
          "wss:^", "wss:\xbb", "wss"})
    {
        const Result<Url> url = parseUrl(text);
        ASSERT_FALSE(url) << text;
        EXPECT_EQ(url.error().code, Errc::usage);
        EXPECT_NE(url.error().what.find(text), std::string::npos);
    }
}

TEST(Url, refusesAPasswordWithoutPrintingIt)
{
    const Result<Url> url = parseUrl("wss://root:0penBmc@bmc/nbd/0");
    ASSERT_FALSE(url);
    EXPECT_EQ(describe(url.error()).find("0penBmc"), std::string::npos);
}

} // namespace vmedia::websocket
