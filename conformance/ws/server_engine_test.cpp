// SPDX-License-Identifier: Apache-2.0
#include "defects.hpp"
#include "server_engine.hpp"

#include <fmt/format.h>

#include <gtest/gtest.h>

namespace conformance::ws
{

namespace
{

using vmedia::nbd::append;
using namespace vmedia::nbd::literals;

// RFC 6455, 1.3; Host and Origin are of one place
constexpr std::string_view request = "GET /chat HTTP/1.1\r\n"
                                     "Host: server.example.com\r\n"
                                     "Upgrade: websocket\r\n"
                                     "Connection: Upgrade\r\n"
                                     "Sec-WebSocket-Key: "
                                     "dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                     "Origin: http://server.example.com\r\n"
                                     "Sec-WebSocket-Protocol: chat, superchat"
                                     "\r\n"
                                     "Sec-WebSocket-Version: 13\r\n\r\n";

Terms chatTerms()
{
    Terms terms;
    terms.admission.paths = {"/chat"};
    terms.admission.protocols = {"chat"};
    return terms;
}

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

std::string replaced(std::string_view from, std::string_view to)
{
    std::string changed(request);
    const size_t at = changed.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return changed.replace(at, from.size(), to);
}

/// The response to @p head.
std::string answerTo(std::string_view head, const Terms& terms = chatTerms(),
                     const Deviation& deviation = {})
{
    ServerEngine engine(terms, deviation);
    engine.receive(view(head));
    return text(engine.takeOutput());
}

std::string statusOf(std::string_view head)
{
    const std::string answer = answerTo(head);
    return answer.substr(answer.find(' ') + 1, 3);
}

ServerEngine opened(const Terms& terms = chatTerms(),
                    const Deviation& deviation = {})
{
    ServerEngine engine(terms, deviation);
    engine.receive(view(request));
    engine.takeOutput();
    engine.takeEvents();
    return engine;
}

/// All payload that was told to be there.
std::string delivered(ServerEngine& engine)
{
    std::string all;
    for (const Event& event : engine.takeEvents())
    {
        all += text(event.bytes);
    }
    return all;
}

template <size_t size>
Bytes bytes(const std::array<std::byte, size>& array)
{
    return {array.begin(), array.end()};
}

/// What the engine says to @p input, by the first two bytes of a Close.
std::optional<uint16_t> closeAfter(ByteView input,
                                   const Terms& terms = chatTerms(),
                                   const Deviation& deviation = {})
{
    ServerEngine engine = opened(terms, deviation);
    engine.receive(input);
    const Bytes output = engine.takeOutput();
    const auto header = parseHeader(output);
    if (!header || header->opcode != Opcode::close || !engine.isOver())
    {
        return std::nullopt;
    }
    return parseClose(ByteView(output).subspan(header->size))->code;
}

TEST(ServerHandshake, answersAsTheRfcDoes)
{
    // RFC 6455, 1.3
    EXPECT_EQ(answerTo(request),
              "HTTP/1.1 101 Switching Protocols\r\n"
              "Upgrade: websocket\r\n"
              "Connection: Upgrade\r\n"
              "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
              "Sec-WebSocket-Protocol: chat\r\n\r\n");
}

TEST(ServerHandshake, takesItBytewise)
{
    ServerEngine engine(chatTerms());
    for (const char& c : request)
    {
        EXPECT_FALSE(engine.isOpen());
        engine.receive(view({&c, 1}));
    }
    EXPECT_TRUE(engine.isOpen());
    EXPECT_EQ(text(engine.takeOutput()), answerTo(request));
}

TEST(ServerHandshake, bearsWhatTheRfcAllows)
{
    EXPECT_EQ(statusOf(replaced("websocket", "foo, WeBsOcKeT")), "101");
    EXPECT_EQ(
        statusOf(replaced("Upgrade\r\nSec", "keep-alive\r\n"
                                            "Connection: upgrade\r\nSec")),
        "101");
    EXPECT_EQ(statusOf(replaced("/chat", "http://server.example.com/chat/?a")),
              "101");
    EXPECT_EQ(statusOf(replaced("dGhl", "  dGhl")), "101");
    EXPECT_EQ(statusOf(replaced("Origin: http://server.example.com\r\n", "")),
              "101");
}

TEST(ServerHandshake, refusesWhatItForbids)
{
    EXPECT_EQ(statusOf(replaced("GET", "POST")), "405");
    EXPECT_EQ(statusOf(replaced("HTTP/1.1", "HTTP/1.0")), "400");
    EXPECT_EQ(statusOf("GET /chat\r\n"), "400");
    EXPECT_EQ(statusOf(replaced("Host: server.example.com\r\n", "")), "400");
    EXPECT_EQ(statusOf(replaced("Upgrade: ", "Host: b\r\nUpgrade: ")), "400");
    EXPECT_EQ(statusOf(replaced("/chat", "/other")), "404");
    EXPECT_EQ(statusOf(replaced("/chat", "/chat#a")), "400");
    EXPECT_EQ(statusOf(replaced("/chat", "/x/../chat")), "404");
    EXPECT_EQ(statusOf(replaced("http://server", "http://evil")), "403");
    EXPECT_EQ(statusOf(replaced("Upgrade: websocket\r\n", "")), "426");
    EXPECT_EQ(statusOf(replaced("Connection: Upgrade\r\n", "")), "400");
}

TEST(ServerHandshake, wantsOneKeyOf16Bytes)
{
    for (const std::string_view key :
         {"", "eHh4eHh4eHh4eHh4eHh4", "eHh4eHh4eHh4eHh4eHh4eHg=",
          "!!!!IHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ"})
    {
        EXPECT_EQ(statusOf(replaced("dGhlIHNhbXBsZSBub25jZQ==", key)), "400")
            << key;
    }
    EXPECT_EQ(
        statusOf(replaced("Origin", "Sec-WebSocket-Key: "
                                    "dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin")),
        "400");
}

TEST(ServerHandshake, tellsItsVersion)
{
    for (const std::string_view version : {"12", "8, 13", "abc", ""})
    {
        const std::string answer = answerTo(
            replaced("Version: 13", fmt::format("Version: {}", version)));
        EXPECT_EQ(answer.substr(9, 3), "426") << version;
        EXPECT_NE(answer.find("\r\nSec-WebSocket-Version: 13\r\n"),
                  std::string::npos);
    }
}

TEST(ServerHandshake, isNotSmuggledPast)
{
    const auto with = [](std::string_view field) {
        return replaced("Origin:", fmt::format("{}\r\nOrigin:", field));
    };
    EXPECT_EQ(statusOf(with("X-Foo: bar")), "101");
    EXPECT_EQ(statusOf(with("Content-Length: 5")), "400");
    EXPECT_EQ(statusOf(with("Transfer-Encoding: chunked")), "400");
    EXPECT_EQ(statusOf(with("X-Foo : bar")), "400");
    EXPECT_EQ(statusOf(with("X-Foo: bar\r\n baz")), "400");
    EXPECT_EQ(statusOf(with("X-Foo: a\rb")), "400");
    EXPECT_EQ(statusOf(with(std::string_view("X-Foo: a\0b", 10))), "400");
    EXPECT_EQ(statusOf(with("X-Foo: a\nb: c")), "400");
    EXPECT_EQ(statusOf(with("Sec-WebSocket-Extensions: a; =;;")), "400");
    EXPECT_EQ(statusOf(with("Sec-WebSocket-Extensions: a; b=\"c\", d")), "101");
    EXPECT_EQ(statusOf(with("X-Foo: " + std::string(17000, 'a'))), "431");
    EXPECT_EQ(statusOf(std::string(17000, 'a')), "431");
}

TEST(ServerHandshake, knowsItsUsers)
{
    Terms terms = chatTerms();
    terms.admission.credentials.users = {{"Aladdin", "open sesame"}};
    const auto with = [&](std::string_view field) {
        return answerTo(
                   replaced("Origin:", fmt::format("{}\r\nOrigin:", field)),
                   terms)
            .substr(9, 3);
    };
    EXPECT_EQ(with("X: y"), "401");
    EXPECT_EQ(with("Authorization: Basic QWxhZGRpbjpvcGVu"), "401");
    // RFC 7617, 2
    EXPECT_EQ(with("Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), "101");
}

// RFC 6455, 5.7: "Hello", masked
constexpr auto maskedHello = "8185 37fa213d 7f9f4d5158"_hex;

TEST(ServerFrames, readsAndWritesAsTheRfcDoes)
{
    Terms terms = chatTerms();
    terms.text = TextRule::accept;
    ServerEngine engine = opened(terms);
    engine.receive(maskedHello);
    EXPECT_EQ(delivered(engine), "Hello");
    engine.receive("8985 37fa213d 7f9f4d5158"_hex); // the same as a ping
    EXPECT_EQ(engine.takeOutput(), bytes("8a05 48656c6c6f"_hex));
    engine.sendData(Bytes(256));
    EXPECT_EQ(text(engine.takeOutput()).substr(0, 4),
              text(bytes("827e 0100"_hex)));
    engine.sendData(Bytes(65536));
    EXPECT_EQ(text(engine.takeOutput()).substr(0, 10),
              text(bytes("827f 0000000000010000"_hex)));
}

TEST(ServerFrames, takesOneThatCameWithTheRequest)
{
    ServerEngine engine(chatTerms());
    Bytes both(view(request).begin(), view(request).end());
    append(both, encode({.payload = bytes("4142"_hex), .mask = MaskKey{}}));
    engine.receive(both);
    EXPECT_EQ(delivered(engine), "AB");
}

TEST(ServerFrames, failsTheConnectionOfWhoBreaksARule)
{
    EXPECT_EQ(closeAfter("8205 48656c6c6f"_hex), 1002) << "not masked";
    EXPECT_EQ(closeAfter("c280 00000000"_hex), 1002) << "RSV1";
    EXPECT_EQ(closeAfter("8380 00000000"_hex), 1002) << "opcode 3";
    EXPECT_EQ(closeAfter("8b80 00000000"_hex), 1002) << "opcode 11";
    EXPECT_EQ(closeAfter("82fe 0005 00000000"_hex), 1002) << "5 in 16 bits";
    EXPECT_EQ(closeAfter("82ff 00000000000000c8 00000000"_hex), 1002);
    EXPECT_EQ(closeAfter("82ff 8000000000000000 00000000"_hex), 1002);
    EXPECT_EQ(closeAfter("82ff 4000000000000000 00000000"_hex), 1009);
    EXPECT_EQ(closeAfter("89fe 007e 00000000"_hex), 1002) << "ping of 126";
    EXPECT_EQ(closeAfter("0980 00000000"_hex), 1002) << "ping in fragments";
    EXPECT_EQ(closeAfter("8080 00000000"_hex), 1002) << "continues nothing";
    EXPECT_EQ(closeAfter("0280 00000000 8280 00000000"_hex), 1002);
    EXPECT_EQ(closeAfter(maskedHello), 1003) << "text";
}

TEST(ServerFrames, saysNothingAfterAFailure)
{
    ServerEngine engine = opened();
    engine.receive("c280 00000000 8980 00000000 8280 00000000"_hex);
    const Bytes output = engine.takeOutput();
    EXPECT_EQ(output.size(),
              parseHeader(output)->size + parseHeader(output)->length);
    EXPECT_EQ(delivered(engine), "");
    engine.receive("8980 00000000"_hex);
    EXPECT_EQ(engine.takeOutput(), Bytes{});
}

TEST(ServerFrames, putsFragmentsTogetherAroundAPing)
{
    ServerEngine engine = opened();
    engine.receive("0282 00000000 4142 8981 00000000 21"_hex);
    EXPECT_EQ(engine.takeOutput(), bytes("8a01 21"_hex));
    engine.receive("0080 00000000 8081 00000000 43"_hex);
    EXPECT_EQ(delivered(engine), "ABC");
    EXPECT_TRUE(engine.isOpen());
}

TEST(ServerFrames, countsFragmentsTogetherAgainstTheLimit)
{
    Terms terms = chatTerms();
    terms.messageMax = 3;
    EXPECT_EQ(closeAfter("0282 00000000 4142 8082 00000000 4344"_hex, terms),
              1009);
    EXPECT_EQ(closeAfter("0282 00000000 4142 8081 00000000 43"_hex, terms),
              std::nullopt);
}

TEST(ServerText, isCheckedAsItComes)
{
    Terms terms = chatTerms();
    terms.text = TextRule::accept;
    EXPECT_EQ(closeAfter("8183 00000000 eda0"_hex, terms), 1007) << "fast";
    EXPECT_EQ(closeAfter("8182 00000000 c080"_hex, terms), 1007);
    EXPECT_EQ(closeAfter("8184 00000000 f4908080"_hex, terms), 1007);
    EXPECT_EQ(closeAfter("8181 00000000 c3"_hex, terms), 1007) << "cut off";
    EXPECT_EQ(closeAfter("0181 00000000 ff"_hex, terms), 1007);
    ServerEngine engine = opened(terms);
    engine.receive("0181 00000000 c3 8081 00000000 a4"_hex);
    EXPECT_EQ(delivered(engine), "\xc3\xa4");
}

TEST(ServerClose, echoesTheCode)
{
    EXPECT_EQ(closeAfter("8880 00000000"_hex), std::nullopt);
    EXPECT_EQ(closeAfter("8882 00000000 03e8"_hex), 1000);
    EXPECT_EQ(closeAfter("8885 00000000 0fa0 627965"_hex), 4000);
    EXPECT_EQ(closeAfter("8882 00000000 03f4"_hex), 1012);
    for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000})
    {
        const Frame frame{.opcode = Opcode::close,
                          .payload = closeBody(static_cast<uint16_t>(code)),
                          .mask = MaskKey{}};
        EXPECT_EQ(closeAfter(encode(frame)), 1002) << code;
    }
    EXPECT_EQ(closeAfter("8881 00000000 03"_hex), 1002);
    EXPECT_EQ(closeAfter("8883 00000000 03e8 ff"_hex), 1007);
}

TEST(ServerClose, isAnsweredOnceAndIsTheEnd)
{
    ServerEngine engine = opened();
    engine.receive("8880 00000000 8880 00000000 8281 00000000 41"_hex);
    EXPECT_EQ(engine.takeOutput(), bytes("8800"_hex));
    EXPECT_TRUE(engine.isOver());
    EXPECT_EQ(engine.why(), Why::closed);
    EXPECT_EQ(engine.ending(), Ending::fin);
    EXPECT_EQ(delivered(engine), "");
}

TEST(ServerClose, ofOursWaitsForTheClients)
{
    ServerEngine engine = opened();
    engine.close(1001, "bye");
    EXPECT_EQ(engine.takeOutput(), bytes("8805 03e9 627965"_hex));
    EXPECT_EQ(engine.deadline().what, Deadline::What::close);
    engine.receive("8281 00000000 41 8980 00000000"_hex);
    EXPECT_EQ(engine.takeOutput(), Bytes{}) << "nothing behind a Close";
    EXPECT_FALSE(engine.isOver());
    engine.receive("8882 00000000 03e9"_hex);
    EXPECT_TRUE(engine.isOver());
    EXPECT_EQ(engine.takeOutput(), Bytes{});
}

TEST(ServerDeadlines, pingTheSilentAndEndTheDead)
{
    ServerEngine engine = opened();
    const Deadline first = engine.deadline();
    EXPECT_EQ(first.what, Deadline::What::silence);
    engine.receive("8a80 00000000"_hex);
    EXPECT_NE(engine.deadline().turn, first.turn) << "not so silent";
    engine.expired();
    EXPECT_EQ(parseHeader(engine.takeOutput())->opcode, Opcode::ping);
    EXPECT_EQ(engine.deadline().what, Deadline::What::pong);
    engine.expired();
    EXPECT_EQ(parseHeader(engine.takeOutput())->opcode, Opcode::close);
    EXPECT_EQ(engine.why(), Why::noAnswer);
}

TEST(ServerDeadlines, doNotStartAgainDuringTheRequest)
{
    ServerEngine engine(chatTerms());
    const Deadline first = engine.deadline();
    EXPECT_EQ(first.what, Deadline::What::handshake);
    engine.receive(view(request.substr(0, 20)));
    EXPECT_EQ(engine.deadline().turn, first.turn);
    engine.expired();
    EXPECT_TRUE(engine.isOver());
}

TEST(ServerDefects, breakOneRule)
{
    const Defects all = defects();
    const auto with = [&all](const char* id) { return all.find(id)->second; };
    EXPECT_EQ(closeAfter("c280 00000000"_hex, chatTerms(),
                         with("ws.frm.rsv4-binary")),
              std::nullopt);
    EXPECT_EQ(closeAfter("a280 00000000"_hex, chatTerms(),
                         with("ws.frm.rsv4-binary")),
              1002);
    EXPECT_EQ(closeAfter("8882 00000000 03ed"_hex, chatTerms(),
                         with("ws.cls.code-1005")),
              1005);
    EXPECT_EQ(
        answerTo(replaced("GET", "PUT"), chatTerms(), with("ws.hs.method-put"))
            .substr(9, 3),
        "101");
    ServerEngine engine = opened(chatTerms(), with("ws.cls.ping-after"));
    engine.receive("8880 00000000 8980 00000000"_hex);
    EXPECT_EQ(engine.takeOutput(), bytes("8800 8a00"_hex));
}

} // namespace

} // namespace conformance::ws
