// SPDX-License-Identifier: Apache-2.0
#include "image_url.hpp"

#include <gtest/gtest.h>

namespace vmedia::remote
{

namespace
{

std::string problem(std::string_view text)
{
    const Result<ImageUrl> url = parseImageUrl(text);
    return url ? "taken as " + url->text() : describe(url.error());
}

TEST(ImageUrl, takesHttpsAsItStands)
{
    const auto url = parseImageUrl("https://files.example:8443/a%20b.iso?v=1");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->scheme, Scheme::https);
    EXPECT_EQ(url->host, "files.example");
    EXPECT_EQ(url->port, 8443);
    EXPECT_EQ(url->resource, "/a%20b.iso?v=1");
    EXPECT_EQ(url->text(), "https://files.example:8443/a%20b.iso?v=1");
}

TEST(ImageUrl, leavesOutTheUsualPort)
{
    EXPECT_EQ(parseImageUrl("https://a:443/x")->text(), "https://a/x");
    EXPECT_EQ(parseImageUrl("smb://a:445/s/x")->text(), "smb://a/s/x");
    EXPECT_EQ(parseImageUrl("https://a")->text(), "https://a/");
}

TEST(ImageUrl, splitsAShareFromItsFile)
{
    const auto url = parseImageUrl("smb://10.0.0.7/iso%20images/d/a%2Cb.iso");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->port, 445);
    EXPECT_EQ(url->share, "iso images");
    EXPECT_EQ(url->path, "d/a,b.iso");
    EXPECT_EQ(url->text(), "smb://10.0.0.7/iso%20images/d/a%2Cb.iso");
}

TEST(ImageUrl, takesAnAddressOfIpv6)
{
    const auto url = parseImageUrl("https://[fe80::1]/x.iso");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->host, "fe80::1");
    EXPECT_EQ(url->text(), "https://[fe80::1]/x.iso");
}

TEST(ImageUrl, neverStepsOutOfAShare)
{
    for (const char* const path :
         {"s/../x", "s/./x", "s//x", "../x", "s/%2e%2E/x", "s/a%2Fb", "s/a%5Cb",
          "s/a%0Ab", "s/a%00b", "s/%FF", "s/x/", "s", "s/", ""})
    {
        EXPECT_NE(problem(std::string("smb://h/") + path)
                      .find("names no file on a share"),
                  std::string::npos)
            << path;
    }
}

TEST(ImageUrl, refusesWhatIsNone)
{
    for (const char* const text :
         {"", "x.iso", "http://h/x", "nfs://h/x", "HTTPS://h/x", "wss:^",
          "https:///x", "https://h:0/x", "https://h:99999/x", "https://h/x#y",
          "https://a%0Ab/x", "https://a,b/x", "https://-o/x", "https://h/a b",
          "smb://h/s/x?y"})
    {
        EXPECT_NE(problem(text).find("write https://HOST"), std::string::npos)
            << text;
    }
}

TEST(ImageUrl, doesNotRepeatASecret)
{
    EXPECT_EQ(problem("https://me:secret@h/x"),
              "the URL holds a user name or password; give them through the "
              "pipe instead");
}

TEST(ImageUrl, boundsItsLength)
{
    EXPECT_EQ(problem("https://h/" + std::string(5000, 'a')),
              "a URL of 5010 characters is too long, at most 2048 are taken; "
              "write https://HOST[:PORT]/PATH or smb://HOST/SHARE/PATH");
}

} // namespace
} // namespace vmedia::remote
