// SPDX-License-Identifier: Apache-2.0
#include "client_engine.hpp"
#include "reference_client.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace conformance::ws
{

namespace
{

constexpr uint64_t seed = 7;

ByteView view(std::string_view text)
{
    return std::as_bytes(std::span(text));
}

std::string text(ByteView bytes)
{
    std::string out;
    for (const std::byte one : bytes)
    {
        out += static_cast<char>(one);
    }
    return out;
}

ClientEngine engineWith(const Deviation& deviation = {})
{
    return {{.host = "bmc:80",
             .target = "/nbd/0?a=b",
             .subprotocols = {"binary", "base64"}},
            {},
            deviation,
            seed};
}

/// What it asks for, taken out of it.
Request askedBy(ClientEngine& engine)
{
    const auto request = parseRequest(text(engine.takeOutput()));
    EXPECT_TRUE(request);
    return request.value_or(Request{});
}

/// It has heard the right response to that.
ClientEngine opened(const Deviation& deviation = {})
{
    ClientEngine engine = engineWith(deviation);
    engine.receive(view(upgradeResponse(askedBy(engine)).text()));
    EXPECT_TRUE(engine.isOpen());
    engine.takeEvents();
    return engine;
}

/// The frames that it says, unmasked.
std::vector<Frame> saidBy(ClientEngine& engine)
{
    std::vector<Frame> frames;
    const Bytes all = engine.takeOutput();
    for (ByteView left = all; !left.empty();)
    {
        const auto header = parseHeader(left);
        if (!header)
        {
            ADD_FAILURE() << "half a frame";
            break;
        }
        const ByteView payload = left.subspan(header->size, header->length);
        Frame frame{.opcode = header->opcode,
                    .payload = Bytes(payload.begin(), payload.end()),
                    .mask = header->mask};
        if (frame.mask)
        {
            applyMask(frame.payload, *frame.mask);
        }
        frames.push_back(std::move(frame));
        left = left.subspan(header->size + header->length);
    }
    return frames;
}

} // namespace

TEST(ClientEngine, asksAsRfc6455WantsIt)
{
    ClientEngine engine = engineWith();
    const Request request = askedBy(engine);
    EXPECT_EQ(request.method, "GET");
    EXPECT_EQ(request.target, "/nbd/0?a=b");
    EXPECT_EQ(valuesOf(request.fields, "Host").front(), "bmc:80");
    EXPECT_EQ(valuesOf(request.fields, "Sec-WebSocket-Version").front(), "13");
    EXPECT_EQ(tokensOf(request.fields, "Sec-WebSocket-Protocol"),
              (std::vector<std::string>{"binary", "base64"}));
    EXPECT_TRUE(valuesOf(request.fields, "Origin").empty());
}

TEST(ClientEngine, opensHoweverTheResponseIsCut)
{
    for (const size_t piece : {1U, 5U, 1000U})
    {
        ClientEngine engine = engineWith();
        std::string all = "HTTP/1.1 103 Early Hints\r\n\r\n" +
                          upgradeResponse(askedBy(engine)).text();
        all += text(encode({.opcode = Opcode::ping, .payload = Bytes(3)}));
        for (size_t at = 0; at < all.size(); at += piece)
        {
            engine.receive(
                view(all).subspan(at, std::min(piece, all.size() - at)));
        }
        ASSERT_TRUE(engine.isOpen());
        const auto said = saidBy(engine);
        ASSERT_EQ(said.size(), 1U);
        EXPECT_EQ(said[0].opcode, Opcode::pong);
        EXPECT_EQ(said[0].payload, Bytes(3));
    }
}

TEST(ClientEngine, refusesWhatItDidNotAskFor)
{
    const auto spoil = [](std::string_view name, std::string value) {
        ClientEngine engine = engineWith();
        Response response = upgradeResponse(askedBy(engine));
        setField(response.fields, name, std::move(value));
        engine.receive(view(response.text()));
        EXPECT_TRUE(engine.takeOutput().empty());
        return engine.isOver() && engine.why() == Why::refused;
    };
    EXPECT_TRUE(spoil("Sec-WebSocket-Accept", acceptOf("another key")));
    EXPECT_TRUE(spoil("Upgrade", "h2c"));
    EXPECT_TRUE(spoil("Connection", "close"));
    EXPECT_TRUE(spoil("Sec-WebSocket-Protocol", "chat"));
    EXPECT_TRUE(spoil("Sec-WebSocket-Protocol", "binary, base64"));
    EXPECT_TRUE(spoil("Sec-WebSocket-Extensions", "permessage-deflate"));
    EXPECT_FALSE(spoil("X-Other", "is ignored"));
}

TEST(ClientEngine, tellsWhereARedirectionLeads)
{
    ClientEngine engine = engineWith();
    askedBy(engine);
    engine.receive(view("HTTP/1.1 302 Found\r\nLocation: http://x/y\r\n\r\n"));
    EXPECT_TRUE(engine.isOver());
    EXPECT_EQ(engine.elsewhere(), "http://x/y");
}

TEST(ClientEngine, masksEachFrameAnew)
{
    ClientEngine engine = opened();
    engine.sendData(view("one"));
    engine.sendData(view("two"));
    const auto said = saidBy(engine);
    ASSERT_EQ(said.size(), 2U);
    EXPECT_EQ(text(said[0].payload) + text(said[1].payload), "onetwo");
    ASSERT_TRUE(said[0].mask && said[1].mask);
    EXPECT_NE(*said[0].mask, *said[1].mask);
}

TEST(ClientEngine, failsOnAMaskedFrame)
{
    ClientEngine engine = opened();
    engine.receive(encode({.payload = Bytes(5), .mask = MaskKey{}}));
    const auto said = saidBy(engine);
    ASSERT_EQ(said.size(), 1U);
    EXPECT_EQ(parseClose(said[0].payload)->code, 1002);
    EXPECT_TRUE(engine.isOver());
}

TEST(ClientEngine, leavesTheEndOfTcpToTheServer)
{
    ClientEngine engine = opened();
    engine.receive(
        encode({.opcode = Opcode::close, .payload = closeBody(1000)}));
    EXPECT_TRUE(engine.isOver());
    EXPECT_EQ(engine.ending(), Ending::waits);
    EXPECT_EQ(saidBy(engine).size(), 1U);
}

TEST(ClientEngine, boundsAHead)
{
    ClientEngine engine = engineWith();
    askedBy(engine);
    engine.receive(Bytes(1 << 20, std::byte{'x'}));
    EXPECT_TRUE(engine.isOver());
    EXPECT_EQ(engine.why(), Why::refused);
}

TEST(ClientDefects, areNamedAfterCases)
{
    for (const auto& [id, deviation] : clientDefects())
    {
        EXPECT_TRUE(id.starts_with("ws.clt.")) << id;
    }
}

} // namespace conformance::ws
