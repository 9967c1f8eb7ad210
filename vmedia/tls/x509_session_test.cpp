// SPDX-License-Identifier: Apache-2.0
#include "ciphers.hpp"
#include "fixtures/authority.hpp"
#include "fixtures/temp_dir.hpp"
#include "session_link.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmedia::tls
{

namespace
{

using testing::HasSubstr;

BioOwner memory(const std::string& text)
{
    return BioOwner(
        ::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// Shows @p issued to the server, also if clientContext() would refuse it.
void present(const Context& client, const fixtures::Issued& issued)
{
    const CertificateOwner certificate(::PEM_read_bio_X509(
        memory(issued.certificate).get(), nullptr, nullptr, nullptr));
    const KeyOwner key(::PEM_read_bio_PrivateKey(memory(issued.key).get(),
                                                 nullptr, nullptr, nullptr));
    ASSERT_EQ(::SSL_CTX_use_certificate(client.native(), certificate.get()), 1);
    ASSERT_EQ(::SSL_CTX_use_PrivateKey(client.native(), key.get()), 1);
}

} // namespace

class X509SessionTest : public testing::TestWithParam<Versions>
{
  protected:
    X509SessionTest()
    {
        put("ca-cert.pem", ca.certificate());
        put("server-cert.pem", own.certificate);
        put("server-key.pem", own.key);
    }
    void put(const char* name, const std::string& text)
    {
        fixtures::writePrivate(dir.path() / name, text);
    }
    Context server(bool verify = true)
    {
        return serverContext({.certificates = dir.path(), .verifyPeer = verify})
            .value();
    }
    Context client(const std::string& name = "localhost")
    {
        return clientContext({.certificates = dir.path(),
                              .serverName = name,
                              .versions = GetParam()})
            .value();
    }
    /// What the server's log says when a client shows @p issued.
    std::string shown(const fixtures::Issued& issued)
    {
        const Context with = client();
        present(with, issued);
        auto [served, connected] = shakeHands(link, server(), with);
        if (served)
        {
            return served->peer();
        }
        EXPECT_EQ(served.error().code, Errc::protocol);
        // In TLS 1.3 a client is done before it is judged.
        const auto told = connected ? readByte(*connected) : Result<size_t>{0};
        EXPECT_TRUE(!connected || !told);
        return describe(served.error());
    }

    fixtures::TempDir dir;
    fixtures::Authority ca{"ca"};
    fixtures::Issued own = ca.issue({});
    Link link;
};

INSTANTIATE_TEST_SUITE_P(Tls, X509SessionTest,
                         testing::Values(Versions::tls12, Versions::tls13),
                         [](const auto& instance) {
                             return instance.param == Versions::tls12 ? "v12"
                                                                      : "v13";
                         });

const fixtures::Wish clientWish{.name = "carol", .usage = "clientAuth"};

TEST_P(X509SessionTest, withoutVerifyingAnyClientIsLetIn)
{
    auto [served, connected] = shakeHands(link, server(false), client());
    ASSERT_TRUE(served) << describe(served.error());
    ASSERT_TRUE(connected) << describe(connected.error());
    EXPECT_EQ(served->peer(), "");
    EXPECT_EQ(connected->peer(), "CN=server");
    if (cpuHasAes())
    {
        EXPECT_THAT(served->cipher(), testing::ContainsRegex("AES_?128.GCM"));
    }
}

TEST_P(X509SessionTest, aClientOfOurCaIsLetInAndNamed)
{
    EXPECT_EQ(shown(ca.issue(clientWish)), "CN=carol");
}

TEST_P(X509SessionTest, aClientWithoutCertificateIsTurnedAway)
{
    auto [served, connected] = shakeHands(link, server(), client());
    ASSERT_FALSE(served);
    EXPECT_EQ(served.error().code, Errc::protocol);
    EXPECT_THAT(served.error().what,
                HasSubstr("peer did not return a certificate"));
}

TEST_P(X509SessionTest, aClientOfAnotherCaIsTurnedAway)
{
    fixtures::Authority other("other");
    EXPECT_THAT(shown(other.issue(clientWish)),
                HasSubstr("unable to get local issuer certificate"));
    // Also if that CA takes our CA's name.
    const Link fresh;
    fixtures::Authority liar("ca");
    const Context with = client();
    present(with, liar.issue(clientWish));
    EXPECT_FALSE(shakeHands(fresh, server(), with).server);
}

TEST_P(X509SessionTest, anExpiredClientIsTurnedAway)
{
    fixtures::Wish wish = clientWish;
    wish.valid = {-7200, -3600};
    EXPECT_THAT(shown(ca.issue(wish)), HasSubstr("certificate has expired"));
}

TEST_P(X509SessionTest, aRevokedClientIsTurnedAwayAndOthersAreNot)
{
    const auto revoked = ca.issue(clientWish);
    put("ca-crl.pem", ca.revoke({revoked.serial}));
    EXPECT_THAT(shown(revoked), HasSubstr("certificate revoked"));
    const Link fresh;
    const Context with = client();
    present(with, ca.issue(clientWish));
    // The client reads the same CRL: the server's certificate is not on it.
    EXPECT_TRUE(shakeHands(fresh, server(), with).server);
}

TEST_P(X509SessionTest, aCertificateForServersIsNoneForClients)
{
    EXPECT_THAT(shown(ca.issue({.name = "carol", .usage = "serverAuth"})),
                HasSubstr("certificate purpose"));
}

TEST_P(X509SessionTest, aClientWantsTheServerThatItNamed)
{
    for (const char* name : {"localhost", "127.0.0.1"})
    {
        const Link fresh;
        EXPECT_TRUE(shakeHands(fresh, server(false), client(name)).client);
    }
    for (const char* name : {"example.org", "127.0.0.2"})
    {
        const Link fresh;
        auto [served, connected] = shakeHands(fresh, server(false),
                                              client(name));
        ASSERT_FALSE(connected);
        EXPECT_EQ(connected.error().code, Errc::protocol);
        EXPECT_THAT(connected.error().what, HasSubstr("mismatch"));
    }
}

TEST_P(X509SessionTest, aClientRefusesAServerOfAnotherCa)
{
    const Context honest = client();
    fixtures::Authority other("other");
    const auto theirs = other.issue({});
    put("server-cert.pem", theirs.certificate);
    put("server-key.pem", theirs.key);
    auto [served, connected] = shakeHands(link, server(false), honest);
    EXPECT_FALSE(connected);
    if (GetParam() == Versions::tls12)
    {
        ASSERT_FALSE(served);
        EXPECT_EQ(served.error().what,
                  "TLS handshake: the peer sent the TLS alert 'unknown CA'");
    }
}

TEST_P(X509SessionTest, tls11IsRefused)
{
    const ContextOwner old(::SSL_CTX_new(::TLS_client_method()));
    ::SSL_CTX_set_security_level(old.get(), 0); // else it would not even ask
    SSL_CTX_set_min_proto_version(old.get(), TLS1_1_VERSION);
    SSL_CTX_set_max_proto_version(old.get(), TLS1_1_VERSION);
    auto accepted = std::async(std::launch::async, [&] {
        return Session::accept(server(false), link.server());
    });
    const SslOwner ssl(::SSL_new(old.get()));
    ::SSL_set_fd(ssl.get(), link.client());
    ::ERR_clear_error();
    EXPECT_LT(::SSL_connect(ssl.get()), 1);
    EXPECT_EQ(ERR_GET_REASON(::ERR_peek_error()),
              SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
    ::ERR_clear_error();
    const auto served = accepted.get();
    ASSERT_FALSE(served);
    EXPECT_EQ(describe(served.error()), "TLS handshake: unsupported protocol");
}

} // namespace vmedia::tls
