// SPDX-License-Identifier: Apache-2.0
#include "certificates.hpp"
#include "fixtures/authority.hpp"
#include "fixtures/temp_dir.hpp"

#include <openssl/pem.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmedia::tls
{

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr fixtures::Span past{-200'000, -100'000};

class CertificatesTest : public testing::Test
{
  protected:
    CertificatesTest()
    {
        put("ca-cert.pem", ca.certificate());
        put("server-cert.pem", own.certificate);
        put("server-key.pem", own.key);
    }
    void put(const char* name, const std::string& text)
    {
        fixtures::writePrivate(dir.path() / name, text);
    }
    std::string error()
    {
        const auto loaded = Certificates::load(dir.path(), Role::server, {});
        std::string line = loaded ? "none" : describe(loaded.error());
        const std::string prefix = dir.path().string() + "/";
        for (size_t at = 0; (at = line.find(prefix)) != std::string::npos;)
        {
            line.erase(at, prefix.size());
        }
        return line;
    }

    fixtures::TempDir dir;
    fixtures::Authority ca{"ca"};
    fixtures::Issued own = ca.issue({});
};

TEST_F(CertificatesTest, loadsWhatIsSound)
{
    EXPECT_EQ(error(), "none");
    put("ca-crl.pem", ca.revoke({7}));
    EXPECT_EQ(error(), "none");
}

TEST_F(CertificatesTest, namesTheFileThatIsMissing)
{
    fs::remove(dir.path() / "server-cert.pem");
    EXPECT_EQ(error(), "server-key.pem is of no use without server-cert.pem, "
                       "which is missing");
    fs::remove(dir.path() / "server-key.pem");
    EXPECT_EQ(error(), "server-cert.pem: No such file or directory");
    put("server-cert.pem", own.certificate);
    EXPECT_EQ(error(), "server-cert.pem is of no use without server-key.pem, "
                       "which is missing");
    put("server-key.pem", own.key);
    fs::remove(dir.path() / "ca-cert.pem");
    EXPECT_EQ(error(), "ca-cert.pem: No such file or directory");
}

TEST_F(CertificatesTest, refusesAKeyOfAnotherCertificate)
{
    put("server-key.pem", ca.issue({}).key);
    EXPECT_EQ(error(), "server-key.pem is not the key of server-cert.pem; the "
                       "server's own certificate must come first");
}

TEST_F(CertificatesTest, refusesAKeyThatOthersCanRead)
{
    fs::permissions(dir.path() / "server-key.pem", fs::perms{0640});
    EXPECT_EQ(error(),
              "server-key.pem has mode 0640: others than its owner may use "
              "the keys in it; chmod 600 server-key.pem");
}

TEST_F(CertificatesTest, refusesAKeyWithAPassphraseAndDoesNotAskForIt)
{
    const KeyOwner key(EVP_EC_gen("P-256"));
    const BioOwner memory(::BIO_new(::BIO_s_mem()));
    unsigned char phrase[] = "secret";
    ::PEM_write_bio_PrivateKey(memory.get(), key.get(), ::EVP_aes_128_cbc(),
                               phrase, 6, nullptr, nullptr);
    char* text = nullptr;
    const auto size = BIO_get_mem_data(memory.get(), &text);
    put("server-key.pem", {text, static_cast<size_t>(size)});
    EXPECT_THAT(error(),
                HasSubstr("server-key.pem: no private key can be read"));
}

TEST_F(CertificatesTest, refusesWhatIsNotPem)
{
    put("ca-cert.pem", "hello\n");
    EXPECT_THAT(error(), HasSubstr("ca-cert.pem: certificate number 1 cannot "
                                   "be read"));
    put("ca-cert.pem", ca.certificate() + ca.certificate().substr(0, 200));
    EXPECT_THAT(error(), HasSubstr("ca-cert.pem: certificate number 2 cannot "
                                   "be read"));
}

TEST_F(CertificatesTest, refusesWhatIsOutOfItsTime)
{
    const auto old = ca.issue({.valid = past});
    put("server-cert.pem", old.certificate);
    put("server-key.pem", old.key);
    EXPECT_THAT(error(), testing::MatchesRegex(
                             "server-cert.pem expired on 20..-..-..; have it "
                             "issued again"));
    const auto early = ca.issue({.valid = {100'000, 200'000}});
    put("server-cert.pem", early.certificate);
    put("server-key.pem", early.key);
    EXPECT_THAT(error(), testing::MatchesRegex(
                             "server-cert.pem is not valid before 20..-..-..; "
                             "set the clock, or wait"));
}

TEST_F(CertificatesTest, refusesACrlThatExpiredOrIsAnothers)
{
    put("ca-crl.pem", ca.revoke({}, past));
    EXPECT_THAT(error(), testing::MatchesRegex(
                             "ca-crl.pem expired on 20..-..-..; have the CA "
                             "issue it again, or take it away"));
    put("ca-crl.pem", fixtures::Authority("ca").revoke({}));
    EXPECT_EQ(error(), "ca-crl.pem is signed by no CA of ca-cert.pem");
}

} // namespace vmedia::tls
