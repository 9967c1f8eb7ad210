// SPDX-License-Identifier: Apache-2.0
#include "endpoint.hpp"
#include "extensions.hpp"
#include "routes.hpp"
#include "users.hpp"

#include <gtest/gtest.h>

namespace vmedia::httpd
{
namespace
{

const std::vector<SlotView> slots{{"0", false}, {"1", true}};

RequestView upgradeOf(std::string_view target)
{
    RequestView view;
    view.method = "GET";
    view.target = target;
    view.host = "bmc:8443";
    view.isUpgrade = true;
    view.key = "dGhlIHNhbXBsZSBub25jZQ==";
    view.version = "13";
    return view;
}

/// Status of an upgrade whose Origin is @p origin and whose Host is @p host.
int statusOf(std::string_view origin, std::string_view host)
{
    RequestView view = upgradeOf("/nbd/0");
    view.hasOrigin = true;
    view.origin = origin;
    view.host = host;
    return decide(view, slots).status;
}

// sha512crypt of "secret", by: openssl passwd -6 -salt salt secret
constexpr std::string_view line =
    "admin:$6$salt$egUxKNxDs8kPfh8iPMNcosMhb2eWah6d3R44JDm5Rj/j/XWR5E33QPd0"
    "YmHXoDHOIDR6kL5D3JcQcz0O8FHE00\n";

std::string errorOf(std::string_view text)
{
    Result<Users> users = Users::parse(text, "u");
    return users ? "no error" : describe(users.error());
}

} // namespace

TEST(Routes, opensAFreeSlot)
{
    const Decision decision = decide(upgradeOf("/nbd/0"), slots);
    EXPECT_EQ(decision.status, 101) << decision.text;
    EXPECT_EQ(decision.slot, "0");
}

TEST(Routes, aTargetMayBeAWholeUrl)
{
    EXPECT_EQ(decide(upgradeOf("https://bmc:8443/nbd/0?a=b"), slots).slot, "0");
    EXPECT_EQ(decide(upgradeOf("HTTP://bmc/nbd/0"), slots).slot, "0");
    EXPECT_EQ(decide(upgradeOf("https://bmc"), slots).status, 200);
    EXPECT_EQ(decide(upgradeOf("ftp://bmc/nbd/0"), slots).status, 404);
}

TEST(Extensions, areAListByTheAbnf)
{
    for (const char* well :
         {"", "a", "a, b", " a ; b=c ; d=\"e\" , f", "a,,b", "x-foo; a=1",
          "permessage-deflate; client_max_window_bits"})
    {
        EXPECT_TRUE(isExtensionList(well)) << well;
    }
    for (const char* wrong :
         {"a;", ";", "a; =", "permessage-deflate; =;;", "a b", "a=b",
          "a; b=\"c", "a; b=\"c d\"", "a; b="})
    {
        EXPECT_FALSE(isExtensionList(wrong)) << wrong;
    }
}

TEST(Routes, eachRefusalComesBeforeTheNext)
{
    RequestView view = upgradeOf("/nbd/7");
    view.method = "POST";
    view.isUpgrade = false;
    view.key = "short";
    view.hasBody = true;
    view.hasOrigin = true;
    view.origin = "https://evil.example";
    EXPECT_EQ(decide(view, slots).status, 404);
    view.target = "/nbd/1";
    EXPECT_EQ(decide(view, slots).status, 405);
    view.method = "GET";
    EXPECT_EQ(decide(view, slots).status, 426);
    view.isUpgrade = true;
    EXPECT_EQ(decide(view, slots).status, 400);
    view.hasBody = false;
    EXPECT_EQ(decide(view, slots).status, 400);
    view.key = "dGhlIHNhbXBsZSBub25jZQ==";
    EXPECT_EQ(decide(view, slots).status, 403);
    view.hasOrigin = false;
    EXPECT_EQ(decide(view, slots).status, 409);
}

TEST(Routes, onlyOurOwnOriginMayOpen)
{
    EXPECT_EQ(statusOf("https://bmc:8443", "bmc:8443"), 101);
    EXPECT_EQ(statusOf("https://BMC:8443", "bmc:8443"), 101);
    EXPECT_EQ(statusOf("https://bmc", "bmc:443"), 101);
    EXPECT_EQ(statusOf("https://[::1]", "[::1]:443"), 101);
    EXPECT_EQ(statusOf("https://[::1]:8443", "[::1]:8443"), 101);
    EXPECT_EQ(statusOf("https://bmc", "bmc:8443"), 403);
    EXPECT_EQ(statusOf("http://bmc:8443", "bmc:8443"), 403);
    EXPECT_EQ(statusOf("https://bmc:8443.evil.example", "bmc:8443"), 403);
    EXPECT_EQ(statusOf("null", "bmc:8443"), 403);
    EXPECT_EQ(statusOf("", "bmc:8443"), 403);
}

TEST(Routes, listsTheSlots)
{
    RequestView view = upgradeOf("/");
    view.isUpgrade = false;
    EXPECT_EQ(decide(view, slots).text,
              "vmedia: virtual media slots\n/nbd/0 free\n/nbd/1 in use\n");
}

TEST(Endpoint, takesIpv4AndIpv6WithAPort)
{
    EXPECT_EQ(parseEndpoint("127.0.0.1:0")->port(), 0);
    EXPECT_TRUE(parseEndpoint("[::1]:443")->address().is_v6());
    for (const char* text : {"", "8443", "127.0.0.1", "127.0.0.1:",
                             "127.0.0.1:65536", "127.0.0.1:1x", "host:1"})
    {
        EXPECT_FALSE(parseEndpoint(text)) << text;
    }
}

TEST(Basic, givesNameAndPassword)
{
    // RFC 7617, 2: the example.
    const auto found = parseBasic("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->name, "Aladdin");
    EXPECT_EQ(found->password, "open sesame");
    EXPECT_TRUE(parseBasic("bAsIc YTpi"));
    EXPECT_EQ(parseBasic("Basic YTpiOmM=")->password, "b:c");
}

TEST(Basic, givesNothingForAnythingElse)
{
    for (const char* text :
         {"", "Basic", "Basic ", "Basic !!!!", "Basic YQ==", "Basic YTp",
          "Bearer YTpi", "Basic YTpiAGM=" /* a NUL in the password */})
    {
        EXPECT_FALSE(parseBasic(text)) << text;
    }
}

TEST(Users, knowsARightPasswordOnly)
{
    Result<Users> users = Users::parse(line, "u");
    ASSERT_TRUE(users) << describe(users.error());
    EXPECT_TRUE(users->check({"admin", "secret"}));
    EXPECT_FALSE(users->check({"admin", "Secret"}));
    EXPECT_FALSE(users->check({"admin", ""}));
    EXPECT_FALSE(users->check({"nobody", "secret"}))
        << "though its password is that of the hash which stands in";
}

TEST(Users, wrongLinesAreNamedByNumber)
{
    EXPECT_EQ(errorOf("# ours\n\nadmin\n"),
              "users file u, line 3: wanted NAME:HASH");
    EXPECT_EQ(errorOf("admin:secret\n"),
              "users file u, line 1: the hash of 'admin' is not one that "
              "crypt(3) recommends; make one: openssl passwd -6");
    EXPECT_EQ(errorOf(std::string(line) + std::string(line)),
              "users file u, line 2: 'admin' again");
    EXPECT_EQ(errorOf("# nobody\n"),
              "users file u names nobody; add a line NAME:HASH; openssl "
              "passwd -6 makes a hash");
}

} // namespace vmedia::httpd
