// SPDX-License-Identifier: Apache-2.0
#include "defects.hpp"
#include "vmedia/tls/psk_file.hpp"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

namespace conformance::nbd
{

using namespace vmedia::nbd;
using vmedia::tls::PskFile;

namespace
{

using Key = std::vector<unsigned char>;

/// The server's keys, for callbacks that OpenSSL gives no more than an SSL.
std::optional<PskFile>& keyFile()
{
    static std::optional<PskFile> file;
    return file;
}

std::optional<Key> keyOf(std::string_view user)
{
    const auto found = keyFile()->find(user);
    return found ? std::optional(Key(found->begin(), found->end()))
                 : std::nullopt;
}

/// TLS 1.3 with the key that @p choose has for a user; with none it is over.
template <std::optional<Key> (*choose)(std::string_view user)>
Deviation choosesKeys()
{
    return {.tls = [](SSL_CTX* context, const std::string& pskFile) {
        auto loaded = PskFile::load(pskFile);
        if (!loaded)
        {
            fmt::print(stderr, "{}\n", describe(loaded.error()));
            ::_exit(2);
        }
        keyFile().emplace(std::move(*loaded));
        ::SSL_CTX_set_psk_find_session_callback(
            context, [](SSL* ssl, const unsigned char* identity, size_t size,
                        SSL_SESSION** session) {
            // NOLINTNEXTLINE: bytes seen as characters
            const auto key =
                choose({reinterpret_cast<const char*>(identity), size});
            if (!key)
            {
                return 0;
            }
            constexpr unsigned char aes128GcmSha256[] = {0x13, 0x01};
            *session = ::SSL_SESSION_new();
            ::SSL_SESSION_set1_master_key(*session, key->data(), key->size());
            ::SSL_SESSION_set_cipher(*session,
                                     ::SSL_CIPHER_find(ssl, aes128GcmSha256));
            ::SSL_SESSION_set_protocol_version(*session, TLS1_3_VERSION);
            return 1;
        });
    }};
}

std::optional<Key> anyUserIsBob(std::string_view user)
{
    const auto own = keyOf(user);
    return own ? own : keyOf("bob");
}

std::optional<Key> allUsersAreAlice(std::string_view)
{
    return keyOf("alice");
}

std::optional<Key> strangersHaveZeroes(std::string_view user)
{
    const auto own = keyOf(user);
    return own ? own : Key(32);
}

std::optional<Key> longNamesAreDeadly(std::string_view user)
{
    if (user.size() > 255)
    {
        ::_exit(1); // as if it had overrun a buffer
    }
    const auto own = keyOf(user);
    return own ? own : Key(32, 1);
}

Deviation sets(void (*change)(SSL_CTX*))
{
    return {.tls = [change](SSL_CTX* context, const std::string&) {
        change(context);
    }};
}

Deviation takesCiphers(const char* list)
{
    return {.tls = [list](SSL_CTX* context, const std::string&) {
        SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
        ::SSL_CTX_set_security_level(context, 0);
        ::SSL_CTX_set_cipher_list(context, list);
    }};
}

/// A client's certificate with the faults of @p forgives is as good as any.
template <int... forgives>
Deviation accepts()
{
    return sets([](SSL_CTX* context) {
        ::SSL_CTX_set_verify(context,
                             SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                             [](int sound, X509_STORE_CTX* store) {
            const int error = ::X509_STORE_CTX_get_error(store);
            return sound != 0 || ((error == forgives) || ...) ? 1 : 0;
        });
    });
}

Deviation refusesStartTls()
{
    return {.step = [](const Option& option, Step& step) {
        if (option.code == Opt::startTls)
        {
            step = {Phase::options, {{option.code, Rep::errPolicy}}};
        }
    }};
}

void wantTls13(SSL_CTX* context)
{
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
}

void addCertificateDefects(Defects& all)
{
    all["nbd.tls.certificate.valid"] = sets([](SSL_CTX* context) {
        ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER,
                             [](int, X509_STORE_CTX*) { return 0; });
    });
    all["nbd.tls.certificate.none"] = sets([](SSL_CTX* context) {
        ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    });
    all["nbd.tls.certificate.foreign"] =
        accepts<X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
                X509_V_ERR_CERT_SIGNATURE_FAILURE,
                X509_V_ERR_UNABLE_TO_GET_CRL>();
    all["nbd.tls.certificate.revoked"] = accepts<X509_V_ERR_CERT_REVOKED>();
    all["nbd.tls.certificate.expired"] = accepts<X509_V_ERR_CERT_HAS_EXPIRED>();
    all["nbd.tls.certificate.of-a-server"] = refusesStartTls();
    all["nbd.tls.certificate.not-looked-at"] = refusesStartTls();
    all["nbd.tls.certificate.key-instead"].survivesHandshake = true;
}

} // namespace

void addTlsCredentialDefects(Defects& all)
{
    all["nbd.tls.version.mandatory"] = sets(wantTls13);
    all["nbd.tls.version.later"] = sets([](SSL_CTX* context) {
        SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    });
    all["nbd.tls.version.older"] = takesCiphers("PSK");
    all["nbd.tls.cipher.null"] = takesCiphers("eNULL:PSK");
    all["nbd.tls.cipher.anonymous"] = takesCiphers("aNULL:PSK");
    all["nbd.tls.psk.right-key"] = sets(wantTls13);
    all["nbd.tls.psk.wrong-key"].survivesHandshake = true;
    all["nbd.tls.psk.unknown-user"] = choosesKeys<anyUserIsBob>();
    all["nbd.tls.psk.unknown-user-looks-the-same"] = choosesKeys<keyOf>();
    all["nbd.tls.psk.key-of-another"] = choosesKeys<allUsersAreAlice>();
    all["nbd.tls.psk.key-of-zeroes"] = choosesKeys<strangersHaveZeroes>();
    all["nbd.tls.psk.odd-names"] = choosesKeys<longNamesAreDeadly>();
    all["nbd.tls.psk.certificate-instead"].survivesHandshake = true;
    addCertificateDefects(all);
}

} // namespace conformance::nbd
