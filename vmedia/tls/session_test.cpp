// SPDX-License-Identifier: Apache-2.0
#include "fixtures/authority.hpp"
#include "fixtures/temp_dir.hpp"
#include "session.hpp"
#include "session_link.hpp"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmedia::tls
{

namespace
{

using Bytes = std::vector<std::byte>;

Bytes randomBytes(size_t size, uint32_t seed)
{
    std::mt19937 draw(seed);
    Bytes bytes(size);
    std::ranges::generate(bytes, [&] { return std::byte(draw() & 0xffU); });
    return bytes;
}

Bytes readExactly(Session& from, size_t size)
{
    Bytes bytes(size);
    size_t got = 0;
    while (got < size)
    {
        const auto more = from.read(std::span(bytes).subspan(got));
        if (!more)
        {
            ADD_FAILURE() << describe(more.error()) << " after " << got;
            break;
        }
        got += *more;
    }
    bytes.resize(got);
    return bytes;
}

void countRecords(int out, int, int type, const void* data, size_t, SSL*,
                  void* sizes)
{
    if (out == 1 && type == SSL3_RT_HEADER)
    {
        const auto* header = static_cast<const unsigned char*>(data);
        static_cast<std::vector<int>*>(sizes)->push_back(header[3] * 256 +
                                                         header[4]);
    }
}

} // namespace

class SessionTest : public testing::TestWithParam<Versions>
{
  protected:
    void SetUp() override
    {
        const auto keys = dir.path() / "keys.psk";
        fixtures::writePrivate(keys, "a:00112233445566778899aabbccddeeff\n");
        serverSide.emplace(serverContext({.pskFile = keys}).value());
        Secret key(16);
        for (unsigned i = 0; i < 16; ++i)
        {
            key.bytes()[i] = static_cast<unsigned char>(i * 0x11U);
        }
        auto made = shakeHands(link, *serverSide,
                               clientContext({.identity = "a",
                                              .key = std::move(key),
                                              .versions = GetParam()})
                                   .value());
        ASSERT_TRUE(made.server) << describe(made.server.error());
        ASSERT_TRUE(made.client) << describe(made.client.error());
        server.emplace(std::move(*made.server));
        client.emplace(std::move(*made.client));
    }

    fixtures::TempDir dir;
    Link link;
    std::optional<Context> serverSide;
    std::optional<Session> server;
    std::optional<Session> client;
};

INSTANTIATE_TEST_SUITE_P(Tls, SessionTest,
                         testing::Values(Versions::tls12, Versions::tls13),
                         [](const auto& instance) {
                             return instance.param == Versions::tls12 ? "v12"
                                                                      : "v13";
                         });

TEST_P(SessionTest, echoesAMebibyteHoweverItIsSplit)
{
    constexpr size_t size = size_t{1} << 20;
    for (uint32_t seed = 1; seed <= 3; ++seed)
    {
        SCOPED_TRACE(testing::Message() << "seed " << seed);
        const Bytes sent = randomBytes(size, seed);
        auto echoed = std::async(std::launch::async, [&] {
            const Bytes got = readExactly(*server, size);
            return writeAll(*server, got);
        });
        std::mt19937 draw(seed);
        for (size_t at = 0; at < size;)
        {
            std::vector<std::span<const std::byte>> pieces;
            for (auto n = draw() % 5; n > 0 && at < size; --n)
            {
                const size_t most = size_t{1} << (draw() % 18);
                const size_t part = std::min(draw() % (most + 1), size - at);
                pieces.push_back(std::span(sent).subspan(at, part));
                at += part;
            }
            ASSERT_TRUE(client->write(pieces));
        }
        EXPECT_TRUE(readExactly(*client, size) == sent);
        EXPECT_TRUE(echoed.get());
    }
}

TEST_P(SessionTest, aHeaderSharesTheRecordOfItsData)
{
    std::vector<int> sizes;
    ::SSL_set_msg_callback(client->native(), countRecords);
    SSL_set_msg_callback_arg(client->native(), &sizes);
    const Bytes header(16);
    const Bytes data(size_t{256} << 10);
    const std::array<std::span<const std::byte>, 2> pieces{header, data};
    auto got = std::async(std::launch::async, [&] {
        return readExactly(*server, header.size() + data.size()).size();
    });
    ASSERT_TRUE(client->write(pieces));
    EXPECT_EQ(got.get(), header.size() + data.size());
    ASSERT_EQ(sizes.size(), 17U);
    EXPECT_THAT(std::span(sizes).first(16), testing::Each(testing::Ge(16384)));
    EXPECT_LT(sizes.back(), 64); // 16 bytes, and what each record adds
}

TEST_P(SessionTest, takesRecordsOfOneByte)
{
    const Bytes sent = randomBytes(1000, 7);
    auto got = std::async(std::launch::async,
                          [&] { return readExactly(*server, 1000); });
    for (const std::byte& one : sent)
    {
        ASSERT_TRUE(writeAll(*client, {&one, 1}));
    }
    EXPECT_EQ(got.get(), sent);
}

TEST_P(SessionTest, tellsWhatHasLeftTheSocket)
{
    ASSERT_TRUE(writeAll(*client, Bytes(2)));
    ASSERT_TRUE(writeAll(*client, Bytes(1)));
    EXPECT_FALSE(server->hasBuffered());
    EXPECT_EQ(readByte(*server), 1U);
    EXPECT_EQ(server->pending(), 1U);
    EXPECT_EQ(readByte(*server), 1U);
    EXPECT_EQ(server->pending(), 0U);
    EXPECT_TRUE(server->hasBuffered()); // the other record
    EXPECT_EQ(readByte(*server), 1U);
    EXPECT_FALSE(server->hasBuffered());
}

class KeyUpdateTest : public SessionTest
{};

INSTANTIATE_TEST_SUITE_P(Tls, KeyUpdateTest, // TLS 1.2 has none
                         testing::Values(Versions::tls13),
                         [](const auto&) { return "v13"; });

TEST_P(KeyUpdateTest, keysMayChangeMidStream)
{
    const Bytes sent = randomBytes(40'000, 3);
    for (int turn = 0; turn < 3; ++turn)
    {
        ASSERT_TRUE(writeAll(*client, sent));
        ASSERT_EQ(::SSL_key_update(client->native(), SSL_KEY_UPDATE_REQUESTED),
                  1);
        ASSERT_TRUE(writeAll(*client, sent));
        EXPECT_EQ(readExactly(*server, 2 * sent.size()).size(),
                  2 * sent.size());
        ASSERT_TRUE(writeAll(*server, sent));
        EXPECT_EQ(readExactly(*client, sent.size()), sent);
    }
}

TEST_P(SessionTest, closeNotifyEndsAndIsAnswered)
{
    client->close();
    const auto end = readByte(*server);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().code, Errc::closedByPeer);
    EXPECT_EQ(end.error().what, "the peer ended TLS with close_notify");
    server->close();
    const auto answer = readByte(*client);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().what, "the peer ended TLS with close_notify");
}

TEST_P(SessionTest, aPeerThatVanishesIsTheSameClass)
{
    link.closeClient();
    const auto end = readByte(*server);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().code, Errc::closedByPeer);
    EXPECT_EQ(end.error().what,
              "the peer closed the connection without close_notify");
    server->close(); // says nothing, and does not crash
}

TEST_P(SessionTest, writingToAPeerThatVanishedIsNoSignal)
{
    link.closeClient();
    const auto sent = writeAll(*server, Bytes(100));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code, Errc::closedByPeer);
    server->close();
}

TEST_P(SessionTest, aRecordThatIsNotThePeersEndsIt)
{
    std::array<unsigned char, 5 + 64> forged{0x17, 3, 3, 0, 64};
    ASSERT_EQ(::write(link.client(), forged.data(), forged.size()), 69);
    const auto got = readByte(*server);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, Errc::protocol);
    EXPECT_EQ(got.error().what, "decryption failed or bad record mac");
    const auto told = readByte(*client);
    ASSERT_FALSE(told);
    EXPECT_EQ(told.error().code, Errc::closedByPeer);
    EXPECT_EQ(told.error().what,
              "the peer sent the TLS alert 'bad record mac'");
    EXPECT_FALSE(writeAll(*server, Bytes(1)));
}

TEST_P(SessionTest, aWatchdogEndsAReadByShuttingTheSocketDown)
{
    auto read = std::async(std::launch::async,
                           [&] { return readByte(*server); });
    ::shutdown(link.server(), SHUT_RDWR);
    const auto end = read.get();
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().code, Errc::closedByPeer);
}

TEST_P(SessionTest, aSocketThatDoesNotBlockDoesAsWell)
{
    ::fcntl(link.server(), F_SETFL, O_NONBLOCK);
    const Bytes sent = randomBytes(size_t{1} << 20, 5);
    auto written = std::async(std::launch::async,
                              [&] { return writeAll(*server, sent); });
    EXPECT_TRUE(readExactly(*client, sent.size()) == sent);
    EXPECT_TRUE(written.get());
    auto read = std::async(std::launch::async,
                           [&] { return readByte(*server); });
    ASSERT_TRUE(writeAll(*client, Bytes(1)));
    EXPECT_EQ(read.get(), 1U);
}

TEST_P(SessionTest, theSocketsOwnTimeoutEndsAReadAndAWrite)
{
    const timeval limit{0, 20'000};
    ::setsockopt(link.server(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(link.client(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const auto read = readByte(*server);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::timeout) << describe(read.error());
    const auto written = writeAll(*client, Bytes(size_t{32} << 20));
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, Errc::timeout) << describe(written.error());
}

TEST_P(SessionTest, aUnixSocketIsNotTheKernelsTls)
{
    EXPECT_FALSE(server->kernelSends());
    EXPECT_FALSE(server->kernelReceives());
}

TEST_P(SessionTest, whatIsNoClientHelloIsNamedAndTurnedAway)
{
    const Link plain;
    constexpr std::string_view option = "IHAVEOPT";
    ASSERT_GT(::write(plain.client(), option.data(), option.size()), 0);
    const auto served = Session::accept(*serverSide, plain.server());
    ASSERT_FALSE(served);
    EXPECT_EQ(served.error().code, Errc::protocol);
    EXPECT_EQ(served.error().what, "TLS handshake: wrong version number");
}

TEST_P(SessionTest, aPeerThatSaysNothingAtAllClosed)
{
    Link plain;
    plain.closeClient();
    const auto served = Session::accept(*serverSide, plain.server());
    ASSERT_FALSE(served);
    EXPECT_EQ(served.error().code, Errc::closedByPeer);
}

} // namespace vmedia::tls
