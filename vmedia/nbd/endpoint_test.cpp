// SPDX-License-Identifier: Apache-2.0
#include "endpoint.hpp"

#include <gtest/gtest.h>

namespace vmedia::nbd
{

TEST(Uri, namesSocketOrPort)
{
    EXPECT_EQ(toUri({"/run/nbd.sock"}, {}),
              "nbd+unix:///?socket=/run/nbd.sock");
    EXPECT_EQ(toUri({{}, "127.0.0.1", 4711}, {}), "nbd://127.0.0.1:4711");
    EXPECT_EQ(toUri({{}, "::1", 10809}, {"disk"}), "nbd://[::1]:10809/disk");
}

TEST(Uri, encodesWhatWouldEndAPart)
{
    EXPECT_EQ(toUri({"/tmp/a&b#c/s"}, {"/a b?ä"}),
              "nbd+unix:///%2Fa%20b%3F%C3%A4?socket=/tmp/a%26b%23c/s");
}

TEST(Uri, givesCredentialsOnlyWhereTlsIsNeeded)
{
    const UriAccess secret{"d", true, "al@ce", "/k.psk"};
    EXPECT_EQ(toUri({"/s"}, secret),
              "nbds+unix://al%40ce@/d?socket=/s&tls-psk-file=/k.psk");
    EXPECT_EQ(toUri({{}, "127.0.0.1", 1}, secret),
              "nbds://al%40ce@127.0.0.1:1/d?tls-psk-file=/k.psk");
    UriAccess open = secret;
    open.tls = false;
    EXPECT_EQ(toUri({"/s"}, open), "nbd+unix:///d?socket=/s");
    EXPECT_EQ(toUri({{}, "::1", 1}, {{}, true, {}, {}, "/pki"}),
              "nbds://[::1]:1/?tls-certificates=/pki");
}

} // namespace vmedia::nbd
