// SPDX-License-Identifier: Apache-2.0
#include "tls_client.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>

namespace conformance
{

using namespace vmedia::tls;

namespace
{

const TlsWish& wishOf(SSL* ssl)
{
    return *static_cast<const TlsWish*>(SSL_get_app_data(ssl));
}

const unsigned char* unsignedBytes(const std::string& text)
{
    // NOLINTNEXTLINE: what the OpenSSL interface asks for
    return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned int onTls12(SSL* ssl, const char*, char* identity,
                     unsigned int identityRoom, unsigned char* key,
                     unsigned int keyRoom)
{
    const TlsWish& wish = wishOf(ssl);
    if (wish.identity.size() >= identityRoom || wish.key.size() > keyRoom)
    {
        return 0;
    }
    std::ranges::copy(wish.identity, identity);
    identity[wish.identity.size()] = '\0';
    std::ranges::copy(wish.key, key);
    return static_cast<unsigned int>(wish.key.size());
}

int onTls13(SSL* ssl, const EVP_MD* digest, const unsigned char** identity,
            size_t* identitySize, SSL_SESSION** session)
{
    const TlsWish& wish = wishOf(ssl);
    *session = nullptr;
    // An external key is bound to SHA-256 (RFC 8446, section 4.2.11).
    if (digest != nullptr && EVP_MD_get_type(digest) != NID_sha256)
    {
        return 1;
    }
    constexpr unsigned char aes128GcmSha256[] = {0x13, 0x01};
    SSL_SESSION* made = ::SSL_SESSION_new();
    if (made == nullptr ||
        ::SSL_SESSION_set1_master_key(made, unsignedBytes(wish.key),
                                      wish.key.size()) != 1 ||
        ::SSL_SESSION_set_cipher(
            made, ::SSL_CIPHER_find(ssl, aes128GcmSha256)) != 1 ||
        ::SSL_SESSION_set_protocol_version(made, TLS1_3_VERSION) != 1)
    {
        ::SSL_SESSION_free(made);
        return 0;
    }
    *session = made;
    *identity = unsignedBytes(wish.identity);
    *identitySize = wish.identity.size();
    return 1;
}

BioOwner readable(const std::string& pem)
{
    return BioOwner(
        ::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

bool useCertificate(SSL_CTX* context, const TlsWish& wish)
{
    const BioOwner certificateText = readable(wish.certificate);
    const BioOwner keyText = readable(wish.privateKey);
    const CertificateOwner certificate(
        ::PEM_read_bio_X509(certificateText.get(), nullptr, nullptr, nullptr));
    const KeyOwner key(
        ::PEM_read_bio_PrivateKey(keyText.get(), nullptr, nullptr, nullptr));
    return ::SSL_CTX_use_certificate(context, certificate.get()) == 1 &&
           ::SSL_CTX_use_PrivateKey(context, key.get()) == 1;
}

bool trust(SSL_CTX* context, const TlsWish& wish)
{
    if (wish.authorities.empty())
    {
        return ::SSL_CTX_set_default_verify_paths(context) == 1;
    }
    const BioOwner text = readable(wish.authorities);
    X509_STORE* store = ::SSL_CTX_get_cert_store(context);
    int count = 0;
    while (const CertificateOwner one{
        ::PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)})
    {
        count += ::X509_STORE_add_cert(store, one.get());
    }
    return count != 0;
}

/// "DEFAULT" has no ciphers for pre-shared keys without a certificate.
std::string ciphersOf(const TlsWish& wish)
{
    std::string list = !wish.ciphers.empty() ? wish.ciphers
                       : wish.key.empty()    ? "DEFAULT"
                                             : "PSK";
    return list + (wish.anyStrength ? ":@SECLEVEL=0" : "");
}

vmedia::Result<ContextOwner> contextOf(const TlsWish& wish)
{
    ContextOwner made(::SSL_CTX_new(wish.serves ? ::TLS_server_method()
                                                : ::TLS_client_method()));
    SSL_CTX* context = made.get();
    ::SSL_CTX_set_security_level(context, wish.anyStrength ? 0 : 1);
    if (SSL_CTX_set_min_proto_version(context, wish.lowest) != 1 ||
        SSL_CTX_set_max_proto_version(context, wish.highest) != 1 ||
        ::SSL_CTX_set_cipher_list(context, ciphersOf(wish).c_str()) != 1 ||
        (!wish.certificate.empty() && !useCertificate(context, wish)) ||
        (!wish.serverName.empty() && !wish.files && !trust(context, wish)))
    {
        return vmedia::fail(vmedia::Errc::io,
                            "OpenSSL cannot be such a client: " + takeReason());
    }
    if (wish.files)
    {
        if (const auto applied = wish.files->apply(context); !applied)
        {
            return tl::unexpected(applied.error());
        }
    }
    ::SSL_CTX_set_verify(
        context, wish.serverName.empty() ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
        nullptr);
    if (!wish.key.empty())
    {
        ::SSL_CTX_set_psk_client_callback(context, onTls12);
        ::SSL_CTX_set_psk_use_session_callback(context, onTls13);
    }
    return made;
}

void wantName(SSL* ssl, const std::string& name)
{
    X509_VERIFY_PARAM* wanted = ::SSL_get0_param(ssl);
    if (::X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str()) != 1)
    {
        ::ERR_clear_error(); // it is no address
        ::SSL_set1_host(ssl, name.c_str());
        SSL_set_tlsext_host_name(ssl, name.c_str());
    }
}

void announce(SSL* ssl, const TlsWish& wish)
{
    if (!wish.announced.empty())
    {
        SSL_set_tlsext_host_name(ssl, wish.announced.c_str());
    }
    if (!wish.alpn.empty())
    {
        const std::string list = static_cast<char>(wish.alpn.size()) +
                                 wish.alpn;
        ::SSL_set_alpn_protos(ssl, unsignedBytes(list),
                              static_cast<unsigned int>(list.size()));
    }
}

} // namespace

vmedia::Result<TlsClient> TlsClient::make(const TlsWish& wish)
{
    ::ERR_clear_error();
    auto context = contextOf(wish);
    if (!context)
    {
        return tl::unexpected(context.error());
    }
    auto own = std::make_shared<TlsWish>(wish);
    SslOwner ssl(::SSL_new(context->get()));
    BIO* in = ::BIO_new(::BIO_s_mem());
    BIO* out = ::BIO_new(::BIO_s_mem());
    if (!ssl || in == nullptr || out == nullptr)
    {
        return vmedia::fail(vmedia::Errc::io, takeReason());
    }
    ::SSL_set_bio(ssl.get(), in, out);
    SSL_set_app_data(ssl.get(), own.get());
    if (!wish.serverName.empty())
    {
        wantName(ssl.get(), wish.serverName);
    }
    announce(ssl.get(), wish);
    wish.serves ? ::SSL_set_accept_state(ssl.get())
                : ::SSL_set_connect_state(ssl.get());
    return TlsClient(std::move(own), std::move(*context), std::move(ssl));
}

TlsClient::State TlsClient::stateOf(int result)
{
    if (result > 0)
    {
        return State::done;
    }
    const unsigned long error = ::ERR_peek_error();
    const int code = ERR_GET_REASON(error);
    switch (::SSL_get_error(ssl.get(), result))
    {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            return State::wantsMore;
        case SSL_ERROR_ZERO_RETURN:
            reason = "close_notify";
            return State::ended;
        default:
            break;
    }
    if (ERR_GET_LIB(error) == ERR_LIB_SSL && code > SSL_AD_REASON_OFFSET)
    {
        reason = fmt::format(
            "the alert '{}'",
            ::SSL_alert_desc_string_long(code - SSL_AD_REASON_OFFSET));
        ::ERR_clear_error();
        return State::ended;
    }
    const long verified = ::SSL_get_verify_result(ssl.get());
    reason = takeReason();
    if (!own->serverName.empty() && verified != X509_V_OK)
    {
        reason = fmt::format("the server's certificate: {}",
                             ::X509_verify_cert_error_string(verified));
    }
    return State::garbled;
}

TlsClient::State TlsClient::shakeHands()
{
    ::ERR_clear_error();
    return stateOf(::SSL_do_handshake(ssl.get()));
}

TlsClient::State TlsClient::read(std::span<std::byte>& into)
{
    ::ERR_clear_error();
    size_t got = 0;
    const int result = ::SSL_read_ex(ssl.get(), into.data(), into.size(), &got);
    into = into.subspan(got);
    return stateOf(result);
}

TlsClient::State TlsClient::write(vmedia::nbd::ByteView bytes)
{
    ::ERR_clear_error();
    size_t put = 0;
    return bytes.empty() ? State::done
                         : stateOf(::SSL_write_ex(ssl.get(), bytes.data(),
                                                  bytes.size(), &put));
}

void TlsClient::updateKeys()
{
    ::SSL_key_update(ssl.get(), SSL_KEY_UPDATE_REQUESTED);
    ::SSL_do_handshake(ssl.get());
}

void TlsClient::closeNotify()
{
    ::SSL_shutdown(ssl.get());
}

void TlsClient::incoming(vmedia::nbd::ByteView bytes)
{
    if (first < 0 && !bytes.empty())
    {
        first = std::to_integer<int>(bytes.front());
    }
    size_t put = 0;
    ::BIO_write_ex(::SSL_get_rbio(ssl.get()), bytes.data(), bytes.size(), &put);
}

vmedia::nbd::Bytes TlsClient::outgoing()
{
    BIO* out = ::SSL_get_wbio(ssl.get());
    vmedia::nbd::Bytes bytes(::BIO_ctrl_pending(out));
    size_t got = 0;
    if (!bytes.empty())
    {
        ::BIO_read_ex(out, bytes.data(), bytes.size(), &got);
    }
    bytes.resize(got);
    return bytes;
}

std::string TlsClient::cipher() const
{
    return ::SSL_get_cipher_name(ssl.get());
}

std::string TlsClient::protocol() const
{
    const unsigned char* chosen = nullptr;
    unsigned int size = 0;
    ::SSL_get0_alpn_selected(ssl.get(), &chosen, &size);
    return {chosen, chosen + size};
}

std::string TlsClient::calledName() const
{
    const char* name = ::SSL_get_servername(ssl.get(),
                                            TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "" : name;
}

std::string TlsClient::version() const
{
    return ::SSL_get_version(ssl.get());
}

} // namespace conformance
