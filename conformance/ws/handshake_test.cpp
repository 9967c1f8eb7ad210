// SPDX-License-Identifier: Apache-2.0
#include "handshake.hpp"

#include <gtest/gtest.h>

namespace conformance::ws
{

namespace
{

TEST(Accept, TheExampleOfTheRfc) // 1.3
{
    EXPECT_EQ(acceptOf("dGhlIHNhbXBsZSBub25jZQ=="),
              "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(Request, CanBeMadeWrong)
{
    Request request = upgradeRequest("h:1", "/x", "k");
    request.set("upgrade", "foo").drop("Connection").add("Host", "other");
    EXPECT_EQ(request.text(), "GET /x HTTP/1.1\r\nHost: h:1\r\n"
                              "Upgrade: foo\r\nSec-WebSocket-Key: k\r\n"
                              "Sec-WebSocket-Version: 13\r\nHost: other\r\n"
                              "\r\n");
    EXPECT_EQ(valuesOf(request.fields, "HOST"),
              (std::vector<std::string>{"h:1", "other"}));
    request.set("Host", "one");
    EXPECT_EQ(valuesOf(request.fields, "host"),
              (std::vector<std::string>{"one"}));
}

TEST(Response, IsJudged)
{
    const std::string head = "HTTP/1.1 101 Switching Protocols\r\n"
                             "upgrade: WebSocket\r\n"
                             "Connection: keep-alive, Upgrade\r\n"
                             "Sec-WebSocket-Accept: "
                             "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    EXPECT_EQ(endOfHead(head + "frame"), head.size());
    EXPECT_FALSE(endOfHead(head.substr(0, head.size() - 1)));
    const auto response = parseResponse(head);
    ASSERT_TRUE(response);
    EXPECT_EQ(upgradeFault(*response, "dGhlIHNhbXBsZSBub25jZQ=="), "");
    EXPECT_EQ(upgradeFault(*response, "x"),
              "101 with Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=, "
              "not " +
                  acceptOf("x"));
    EXPECT_EQ(
        upgradeFault(*parseResponse("HTTP/1.1 404 Not Found\r\n\r\n"), "x"),
        "status 404 Not Found");
    EXPECT_FALSE(parseResponse("NBDMAGIC\r\n\r\n"));
}

TEST(Response, MayTellOfABody)
{
    const auto response = parseResponse(
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 1000\r\n\r\n");
    ASSERT_TRUE(response);
    EXPECT_EQ(response->value("content-length"), "1000");
}

TEST(Request, IsParsed)
{
    const auto request =
        parseRequest(upgradeRequest("h", "/nbd/0?a", "k").text());
    ASSERT_TRUE(request);
    EXPECT_EQ(request->method, "GET");
    EXPECT_EQ(request->target, "/nbd/0?a");
    EXPECT_EQ(request->version, "HTTP/1.1");
    EXPECT_TRUE(hasToken(request->fields, "connection", "upgrade"));
}

} // namespace

} // namespace conformance::ws
