// SPDX-License-Identifier: Apache-2.0
#include "image_server.hpp"
#include "share.hpp"

#include <fmt/ranges.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmedia::remote
{

namespace
{

using testing::Contains;
using testing::Not;

Credentials pair(std::string_view user, std::string_view password)
{
    return {tls::Secret::of({user}), tls::Secret::of({password})};
}

TEST(ImageServer, servesHttpsThroughCurl)
{
    const auto url = parseImageUrl("https://h/a%20b.iso?x=1&y");
    const auto argv = httpsServer(*url, {.socket = "/run/v/s",
                                         .readyFile = "/r",
                                         .caFile = "/etc/ca",
                                         .headerFile = "/h"});
    ASSERT_TRUE(argv);
    EXPECT_EQ(
        fmt::format("{}", fmt::join(*argv, " ")),
        "nbdkit --foreground --exit-with-parent --unix /run/v/s --pidfile /r "
        "--readonly --filter=readahead --filter=cache --filter=retry "
        "curl url=https://h/a%20b.iso?x=1&y protocols=https "
        "followlocation=false sslverify=true timeout=30 "
        "cache-on-read=true cache-min-block-size=256K "
        "cache-max-size=33554432 cainfo=/etc/ca header-script=cat '/h'");
}

TEST(ImageServer, neverWritesThroughHttps)
{
    const auto argv = httpsServer(*parseImageUrl("https://h/x"),
                                  {.socket = "/s", .readOnly = false});
    ASSERT_FALSE(argv);
    EXPECT_EQ(describe(argv.error()),
              "an image behind https cannot be written: a server may take one "
              "block for the whole file; mount it read-only, or give an "
              "smb:// URL");
}

TEST(ImageServer, servesAFileToWrite)
{
    EXPECT_EQ(
        fmt::format("{}",
                    fmt::join(fileServer("/m/d/x=1,a.iso", {.socket = "/s",
                                                            .readyFile = "/r",
                                                            .readOnly = false}),
                              " ")),
        "nbdkit --foreground --exit-with-parent --unix /s --pidfile /r file "
        "file=/m/d/x=1,a.iso");
}

TEST(ImageServer, quotesForTheShell)
{
    const auto argv = httpsServer(*parseImageUrl("https://h/x"),
                                  {.socket = "/s", .headerFile = "/a'b $c"});
    EXPECT_THAT(*argv, Contains("header-script=cat '/a'\\''b $c'"));
}

TEST(ImageServer, tellsBasicInAFile)
{
    // RFC 7617, section 2
    EXPECT_EQ(headerLines(pair("Aladdin", "open sesame"))->text(),
              "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\n");
    EXPECT_EQ(headerLines(pair("a", ""))->text(),
              "Authorization: Basic YTo=\n");
    EXPECT_TRUE(headerLines(pair("", ""))->text().empty());
    EXPECT_EQ(describe(headerLines(pair("a:b", "c")).error()),
              "the user name holds a colon, which Basic cannot tell (RFC 7617, "
              "2)");
}

TEST(Share, isMountedEncryptedAndInert)
{
    const auto url = parseImageUrl("smb://h/a%2Cexec/x.iso");
    EXPECT_EQ(
        fmt::format("{}", fmt::join(shareMount(*url, {.directory = "/m",
                                                      .credentialsFile = "/c"}),
                                    " ")),
        "mount.cifs //h/a,exec /m -o ro,vers=3,seal,nosuid,nodev,noexec,"
        "cache=none,sec=ntlmssp,credentials=/c");
}

TEST(Share, isAGuestsWithoutAName)
{
    const auto argv = shareMount(*parseImageUrl("smb://h:4455/s/x"),
                                 {.directory = "/m", .readOnly = false});
    EXPECT_EQ(argv.back(), "rw,vers=3,seal,nosuid,nodev,noexec,cache=none,"
                           "port=4455,guest,sec=none");
}

TEST(Share, takesItsSecretsFromAFile)
{
    EXPECT_EQ(credentialLines(pair("me", "a,b=c")).text(),
              "username=me\npassword=a,b=c\n");
    EXPECT_EQ(credentialLines(pair("LAB\\me", "p")).text(),
              "domain=LAB\nusername=me\npassword=p\n");
    EXPECT_EQ(credentialLines(pair("LAB/me", "p")).text(),
              "domain=LAB\nusername=me\npassword=p\n");
    EXPECT_TRUE(credentialLines(pair("", "")).text().empty());
}

TEST(Share, andServerHaveNoSecretOnTheirLines)
{
    const auto url = parseImageUrl("https://h/x");
    const auto argv = httpsServer(*url, {.socket = "/s", .headerFile = "/h"});
    EXPECT_THAT(*argv, Not(Contains(testing::HasSubstr("password"))));
    EXPECT_THAT(*argv, Not(Contains(testing::HasSubstr("user="))));
}

} // namespace
} // namespace vmedia::remote
