// SPDX-License-Identifier: Apache-2.0
#include "target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance
{

using testing::HasSubstr;

TEST(Target, readsHostPortAndExport)
{
    const auto target = parseTarget("nbd://bmc.example:10810/vm%2F0");
    ASSERT_TRUE(target) << describe(target.error());
    EXPECT_EQ(target->address, (Address{.host = "bmc.example", .port = 10810}));
    EXPECT_EQ(target->exportName, "vm/0");
}

TEST(Target, takesTheRegisteredPortAndLeavesTheExportOpen)
{
    for (const char* uri : {"nbd://127.0.0.1", "nbd://127.0.0.1/"})
    {
        const auto target = parseTarget(uri);
        ASSERT_TRUE(target) << uri;
        EXPECT_EQ(target->address.port, 10809) << uri;
        EXPECT_EQ(target->exportName, std::nullopt) << uri;
    }
}

TEST(Target, readsAnIpv6Literal)
{
    const auto target = parseTarget("nbd://[::1]:1234/x");
    ASSERT_TRUE(target) << describe(target.error());
    EXPECT_EQ(target->address, (Address{.host = "::1", .port = 1234}));
    EXPECT_EQ(uriOf(target->address, "x"), "nbd://[::1]:1234/x");
}

TEST(Target, readsAUnixSocket)
{
    const auto target = parseTarget("nbd+unix:///disk?socket=/run/a%20b.sock");
    ASSERT_TRUE(target) << describe(target.error());
    EXPECT_EQ(target->address, (Address{.socket = "/run/a b.sock"}));
    EXPECT_EQ(target->exportName, "disk");
    EXPECT_EQ(uriOf(target->address, "disk"),
              "nbd+unix:///disk?socket=/run/a%20b.sock");
}

TEST(Target, readsWhatAUriSaysOfTls)
{
    const auto keys = parseTarget(
        "nbds+unix://alice@/disk?socket=/s&tls-psk-file=/etc/a%20b.psk");
    ASSERT_TRUE(keys) << describe(keys.error());
    EXPECT_EQ(keys->address, (Address{.socket = "/s"}));
    EXPECT_EQ(keys->exportName, "disk");
    EXPECT_EQ(keys->tls,
              (TlsAccess{.pskFile = "/etc/a b.psk", .username = "alice"}));

    const auto certificates = parseTarget(
        "nbds://[::1]/?tls-certificates=/pki&tls-hostname=bmc&"
        "tls-verify-peer=yes");
    ASSERT_TRUE(certificates) << describe(certificates.error());
    EXPECT_EQ(certificates->tls, (TlsAccess{.certificates = "/pki",
                                            .hostname = "bmc",
                                            .verifyPeer = true}));

    EXPECT_EQ(parseTarget("nbds://host")->tls, TlsAccess{});
    EXPECT_EQ(parseTarget("nbd://host")->tls, std::nullopt);
}

TEST(Target, refusalsNameTheUriAndTheRightForms)
{
    for (const char* uri :
         {"",
          "disk.img",
          "http://host/",
          "nbd://",
          "nbd://:1",
          "nbd://host:0",
          "nbd://host:70000",
          "nbd://host:x",
          "nbd+unix:///disk",
          "nbd+unix:///?socket=",
          "nbd://host/%zz",
          "nbd+unix://host/?socket=/s",
          "nbd://host/?sockt=/s",
          "nbd://host/?socket=/s",
          "nbd://host/?tls-certificates=/pki",
          "nbds://host/?tls-certificate=/pki",
          "nbds+unix:///x",
          "nbds://host/?tls-psk-file=",
          "nbds://host/?tls-verify-peer=maybe",
          "nbds://host/?tls-verify-peer=true",
          "nbds://alice@host",
          "nbds://host/?tls-psk-file=/k&tls-certificates=/pki",
          "nbds://host/?tls-psk-file=/k&tls-hostname=x",
          "nbd:^",
          "wss:^"})
    {
        const auto target = parseTarget(uri);
        ASSERT_FALSE(target) << uri;
        EXPECT_EQ(target.error().code, vmedia::Errc::usage) << uri;
        const std::string text = describe(target.error());
        EXPECT_THAT(text, HasSubstr("'" + std::string(uri) + "'"));
        EXPECT_THAT(text, HasSubstr("nbd://HOST[:PORT][/EXPORT]"));
        EXPECT_EQ(text.find('\n'), std::string::npos) << uri;
    }
}

} // namespace conformance
