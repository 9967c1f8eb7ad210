// SPDX-License-Identifier: Apache-2.0
#include "ciphers.hpp"
#include "fixtures/authority.hpp"
#include "fixtures/temp_dir.hpp"
#include "session_link.hpp"

#include <poll.h>

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmedia::tls
{

namespace
{

using testing::HasSubstr;

Secret keyOf(unsigned char fill)
{
    Secret key(32);
    std::ranges::fill(key.bytes(), fill);
    return key;
}

std::string hexOf(unsigned char fill)
{
    std::string text;
    for (int i = 0; i < 32; ++i)
    {
        text += fmt::format("{:02x}", fill);
    }
    return text;
}

/// Carries bytes both ways until either side ends, and keeps the server's.
std::string tape(const Link& toServer, const Link& toClient)
{
    std::string kept;
    const int near = toServer.client();
    const int far = toClient.server();
    std::array<pollfd, 2> both{pollfd{near, POLLIN, 0}, pollfd{far, POLLIN, 0}};
    while (::poll(both.data(), both.size(), -1) > 0)
    {
        for (const pollfd& one : both)
        {
            std::array<char, 4096> bytes{};
            if (one.revents == 0)
            {
                continue;
            }
            const ssize_t got = ::recv(one.fd, bytes.data(), bytes.size(), 0);
            if (got <= 0)
            {
                ::shutdown(near, SHUT_RDWR);
                ::shutdown(far, SHUT_RDWR);
                return kept;
            }
            const auto size = static_cast<size_t>(got);
            if (one.fd == near)
            {
                kept.append(bytes.data(), size);
            }
            ::send(one.fd == near ? far : near, bytes.data(), size,
                   MSG_NOSIGNAL);
        }
    }
    return kept;
}

/// "16:123 15:2": type and length of each record, and then the last in hex.
std::string shapeOf(const std::string& records)
{
    std::string shape;
    std::string last;
    for (size_t at = 0; at + 5 <= records.size();)
    {
        auto byte = [&](size_t i) {
            return static_cast<unsigned>(
                static_cast<unsigned char>(records.at(at + i)));
        };
        const size_t length = byte(3) * 256 + byte(4);
        shape += fmt::format("{:x}:{} ", byte(0), length);
        last = records.substr(at, 5 + length);
        at += 5 + length;
    }
    for (const char c : last)
    {
        shape += fmt::format("{:02x}", static_cast<unsigned char>(c));
    }
    return shape;
}

} // namespace

class PskSessionTest : public testing::TestWithParam<Versions>
{
  protected:
    PskSessionTest()
    {
        fixtures::writePrivate(keys, "alice:" + hexOf(1) + "\nbob:" + hexOf(2) +
                                         "\n");
    }
    Context server(const std::string& ciphers = {})
    {
        return serverContext({.pskFile = keys, .ciphers = ciphers}).value();
    }
    static Context client(const std::string& identity, unsigned char key,
                          const std::string& ciphers = {})
    {
        return clientContext({.identity = identity,
                              .key = keyOf(key),
                              .ciphers = ciphers,
                              .versions = GetParam()})
            .value();
    }
    Handshake meet(const Context& with)
    {
        return shakeHands(link, server(), with);
    }

    /// What a client sees that is turned away, and what the log says.
    std::pair<std::string, std::string> turnedAway(const std::string& identity,
                                                   unsigned char key)
    {
        const Link toServer;
        const Link toClient;
        auto taped = std::async(std::launch::async,
                                [&] { return tape(toServer, toClient); });
        auto accepted = std::async(std::launch::async, [&] {
            auto session = Session::accept(server(), toServer.server());
            ::shutdown(toServer.server(), SHUT_RDWR);
            return session ? "accepted" : describe(session.error());
        });
        const auto connected = Session::connect(client(identity, key),
                                                toClient.client());
        ::shutdown(toClient.client(), SHUT_RDWR);
        EXPECT_FALSE(connected);
        const std::string log = accepted.get();
        return {shapeOf(taped.get()), log};
    }

    fixtures::TempDir dir;
    std::filesystem::path keys = dir.path() / "keys.psk";
    Link link;
};

INSTANTIATE_TEST_SUITE_P(Tls, PskSessionTest,
                         testing::Values(Versions::tls12, Versions::tls13),
                         [](const auto& instance) {
                             return instance.param == Versions::tls12 ? "v12"
                                                                      : "v13";
                         });

TEST_P(PskSessionTest, theRightKeyIsLetIn)
{
    auto [served, connected] = meet(client("alice", 1));
    ASSERT_TRUE(served) << describe(served.error());
    ASSERT_TRUE(connected) << describe(connected.error());
    EXPECT_EQ(served->peer(), "alice");
    EXPECT_EQ(connected->peer(), "");
    EXPECT_EQ(served->version(),
              GetParam() == Versions::tls12 ? "TLSv1.2" : "TLSv1.3");
    const std::byte x{'x'};
    ASSERT_TRUE(writeAll(*connected, {&x, 1}));
    EXPECT_EQ(readByte(*served), 1U);
}

TEST_P(PskSessionTest, theServerChooses)
{
    const bool old = GetParam() == Versions::tls12;
    const std::string chacha = old ? "DHE-PSK-CHACHA20-POLY1305"
                                   : "TLS_CHACHA20_POLY1305_SHA256";
    const std::string aes = old ? "DHE-PSK-AES128-GCM-SHA256"
                                : "TLS_AES_128_GCM_SHA256";
    auto [served,
          connected] = shakeHands(link, server(aes + ":" + chacha),
                                  client("alice", 1, chacha + ":" + aes));
    ASSERT_TRUE(served) << describe(served.error());
    // Given a list, its order stands, whatever the CPU and the client like.
    EXPECT_EQ(served->cipher(), aes);
    const Link other;
    auto usual = shakeHands(other, server(), client("alice", 1));
    ASSERT_TRUE(usual.server) << describe(usual.server.error());
    if (cpuHasAes())
    {
        EXPECT_EQ(usual.server->cipher(), aes);
    }
}

TEST_P(PskSessionTest, wrongKeyAndUnknownUserLookTheSame)
{
    const auto [wrongKey, wrongKeyLog] = turnedAway("alice", 9);
    const auto [unknown, unknownLog] = turnedAway("mallory", 9);
    const auto [zeroes, zeroesLog] = turnedAway("mallory", 0);
    const auto [another, anotherLog] = turnedAway("bob", 1);
    // The last record is the alert: level fatal (2), and its number.
    EXPECT_THAT(wrongKey, testing::EndsWith(GetParam() == Versions::tls12
                                                ? "15:2 15030300020214"
                                                : "15:2 1503030002022f"));
    EXPECT_EQ(unknown, wrongKey);
    EXPECT_EQ(zeroes, wrongKey);
    EXPECT_EQ(another, wrongKey);
    EXPECT_THAT(wrongKeyLog, HasSubstr("user 'alice' has a key here"));
    EXPECT_THAT(unknownLog, HasSubstr("user 'mallory' has no key here"));
    EXPECT_THAT(anotherLog, HasSubstr("user 'bob' has a key here"));
    for (const auto& log : {wrongKeyLog, unknownLog, zeroesLog, anotherLog})
    {
        EXPECT_THAT(log, testing::Not(HasSubstr(hexOf(1).substr(0, 8))));
        EXPECT_THAT(log, testing::Not(HasSubstr("\n")));
    }
}

TEST_P(PskSessionTest, strangeNamesAreTurnedAwayAndDoNoHarm)
{
    for (const std::string& name :
         {std::string(127, 'a'), std::string(255, 'a'), std::string("a:b"),
          std::string("../keys"), std::string("alice\n"),
          std::string("\x01\x7f"), std::string("alice\xff")})
    {
        EXPECT_THAT(turnedAway(name, 1).second, HasSubstr("has no key here"))
            << name;
    }
    if (GetParam() == Versions::tls13) // TLS 1.2's client cannot say these
    {
        for (const std::string& name :
             {std::string(1000, 'a'), std::string("alice\0", 6)})
        {
            EXPECT_THAT(turnedAway(name, 1).second,
                        HasSubstr("has no key here"))
                << name;
        }
    }
    auto [served, connected] = meet(client("alice", 1));
    EXPECT_TRUE(served) << describe(served.error());
}

TEST_P(PskSessionTest, oneOfCertificatesDoesNotMatchOneOfKeys)
{
    fixtures::Authority ca("ca");
    const auto own = ca.issue({});
    fixtures::writePrivate(dir.path() / "ca-cert.pem", ca.certificate());
    fixtures::writePrivate(dir.path() / "server-cert.pem", own.certificate);
    fixtures::writePrivate(dir.path() / "server-key.pem", own.key);

    auto [keyServer,
          certificateClient] = meet(clientContext({.certificates = dir.path(),
                                                   .anyServerName = true,
                                                   .versions = GetParam()})
                                        .value());
    EXPECT_FALSE(keyServer);
    EXPECT_FALSE(certificateClient);

    const Link other;
    auto [certificateServer, keyClient] =
        shakeHands(other, serverContext({.certificates = dir.path()}).value(),
                   client("alice", 1));
    EXPECT_FALSE(certificateServer);
    EXPECT_FALSE(keyClient);
}

} // namespace vmedia::tls
