// SPDX-License-Identifier: Apache-2.0
#include "ciphers.hpp"
#include "context.hpp"
#include "fixtures/authority.hpp"
#include "fixtures/temp_dir.hpp"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmedia::tls
{

namespace
{

constexpr auto aes128 = "TLS_AES_128_GCM_SHA256";
constexpr auto chacha = "TLS_CHACHA20_POLY1305_SHA256";

std::vector<std::string> names(SSL_CTX* context)
{
    std::vector<std::string> all;
    const STACK_OF(SSL_CIPHER)* set = ::SSL_CTX_get_ciphers(context);
    all.reserve(static_cast<size_t>(sk_SSL_CIPHER_num(set)));
    for (int i = 0; i < sk_SSL_CIPHER_num(set); ++i)
    {
        all.emplace_back(::SSL_CIPHER_get_name(sk_SSL_CIPHER_value(set, i)));
    }
    return all;
}

struct Ciphers
{
    ContextOwner context{::SSL_CTX_new(::TLS_server_method())};
    Credential credential;

    std::string set(const std::string& wanted)
    {
        const Result<void> done = setCiphers(context.get(), credential, wanted,
                                             true);
        return done ? "none" : describe(done.error());
    }
    bool off(uint64_t version) const
    {
        return (::SSL_CTX_get_options(context.get()) & version) != 0;
    }
};

} // namespace

TEST(Ciphers, aesLeadsWhereTheCpuHasIt)
{
    for (const auto credential : {Credential::psk, Credential::certificate})
    {
        Ciphers with{.credential = credential};
        ASSERT_TRUE(setCiphers(with.context.get(), credential, "", true));
        EXPECT_EQ(names(with.context.get()).front(), aes128);
        Ciphers without{.credential = credential};
        ASSERT_TRUE(setCiphers(without.context.get(), credential, "", false));
        EXPECT_EQ(names(without.context.get()).front(), chacha);
    }
}

TEST(Ciphers, noUsualOneIsWeak)
{
    for (const auto credential : {Credential::psk, Credential::certificate})
    {
        Ciphers ciphers{.credential = credential};
        ASSERT_EQ(ciphers.set(""), "none");
        for (const std::string& name : names(ciphers.context.get()))
        {
            EXPECT_THAT(name, testing::ContainsRegex("GCM|CHACHA20"));
        }
    }
}

TEST(Ciphers, aListNamesAllThatMayBeUsed)
{
    Ciphers only13{.credential = Credential::psk};
    EXPECT_EQ(only13.set(aes128), "none");
    EXPECT_TRUE(only13.off(SSL_OP_NO_TLSv1_2));
    EXPECT_FALSE(only13.off(SSL_OP_NO_TLSv1_3));

    Ciphers only12{.credential = Credential::certificate};
    EXPECT_EQ(only12.set("ECDHE+AESGCM:!AES256"), "none");
    EXPECT_TRUE(only12.off(SSL_OP_NO_TLSv1_3));
    EXPECT_THAT(names(only12.context.get()),
                testing::UnorderedElementsAre("ECDHE-ECDSA-AES128-GCM-SHA256",
                                              "ECDHE-RSA-AES128-GCM-SHA256"));
}

TEST(Ciphers, aListThatCannotBeUsedIsNamed)
{
    Ciphers psk{.credential = Credential::psk};
    const std::string useless =
        ": nothing in it can be used with a pre-shared key; use "
        "TLS_AES_128_GCM_SHA256 or DHE-PSK-AES128-GCM-SHA256";
    EXPECT_EQ(psk.set("ECDHE+AESGCM"), "--tls-ciphers=ECDHE+AESGCM" + useless);
    EXPECT_EQ(psk.set("TLS_AES_256_GCM_SHA384"),
              "--tls-ciphers=TLS_AES_256_GCM_SHA384" + useless);
    EXPECT_EQ(psk.set("PSK-NULL-SHA256"),
              "--tls-ciphers=PSK-NULL-SHA256" + useless);
    EXPECT_EQ(psk.set(std::string(aes128) + ":AES128-GMC"),
              "--tls-ciphers=TLS_AES_128_GCM_SHA256:AES128-GMC: no cipher is "
              "'AES128-GMC'; `openssl ciphers -v` lists them");
    EXPECT_THAT(psk.set("TLS_AES_128_GMC_SHA256"),
                testing::HasSubstr("no cipher is 'TLS_AES_128_GMC_SHA256'"));
    EXPECT_THAT(psk.set("ALL:@SECLEVEL=0"),
                testing::HasSubstr("'@SECLEVEL=0' would change"));
    Ciphers certificate{.credential = Credential::certificate};
    for (const char* never : {"aNULL", "eNULL", "NULL-SHA256", "ADH"})
    {
        EXPECT_THAT(certificate.set(never),
                    testing::HasSubstr("nothing in it can be used with a "
                                       "certificate"));
    }
}

class ContextTest : public testing::Test
{
  protected:
    ContextTest()
    {
        fixtures::writePrivate(keys,
                               "alice:00112233445566778899aabbccddeeff\n");
    }
    static std::string error(const ServerOptions& options)
    {
        const Result<Context> made = serverContext(options);
        return made ? "none" : describe(made.error());
    }

    fixtures::TempDir dir;
    std::filesystem::path keys = dir.path() / "keys.psk";
};

TEST_F(ContextTest, saysWhichOptionsDoNotGoTogether)
{
    EXPECT_EQ(error({.pskFile = keys}), "none");
    EXPECT_EQ(error({.mode = Mode::off, .pskFile = keys}),
              "--tls=off has no use for keys; use --tls=on or --tls=require "
              "with them");
    EXPECT_EQ(error({.mode = Mode::on}),
              "--tls=on has no keys; add --tls-psk=FILE or "
              "--tls-certificates=DIR");
    EXPECT_EQ(error({.pskFile = "a", .certificates = "b"}),
              "both --tls-psk=a and --tls-certificates=b; use one of them");
    EXPECT_EQ(error({.pskFile = keys, .verifyPeer = true}),
              "--tls-verify-peer looks at certificates, and --tls-psk has "
              "none: each client proves its key anyway; leave "
              "--tls-verify-peer out");
}

TEST_F(ContextTest, keepsOutWhatIsOldOrStateful)
{
    const auto made = serverContext({.pskFile = keys});
    ASSERT_TRUE(made) << describe(made.error());
    SSL_CTX* raw = made->native();
    EXPECT_EQ(SSL_CTX_get_min_proto_version(raw), TLS1_2_VERSION);
    EXPECT_GE(::SSL_CTX_get_security_level(raw), 2);
    EXPECT_EQ(SSL_CTX_get_session_cache_mode(raw), SSL_SESS_CACHE_OFF);
    EXPECT_EQ(::SSL_CTX_get_num_tickets(raw), 0U);
    EXPECT_EQ(::SSL_CTX_get_max_early_data(raw), 0U);
    constexpr uint64_t wanted = SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                SSL_OP_NO_COMPRESSION | SSL_OP_ENABLE_KTLS |
                                SSL_OP_CIPHER_SERVER_PREFERENCE;
    EXPECT_EQ(::SSL_CTX_get_options(raw) & wanted, wanted);
}

TEST_F(ContextTest, aClientSaysWhoItIsAndWhomItWants)
{
    EXPECT_FALSE(clientContext({.identity = "alice"}));
    const auto made = clientContext({.certificates = dir.path()});
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().what,
              "a TLS client with certificates needs the server's name");
}

TEST(KernelTls, isThereOrSaysWhatLacks)
{
    const Result<void> there = kernelTls();
    EXPECT_TRUE(there || !there.error().what.empty());
    if (!there)
    {
        RecordProperty("kernelTls", describe(there.error()));
    }
}

} // namespace vmedia::tls
