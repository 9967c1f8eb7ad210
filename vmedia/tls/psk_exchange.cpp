// SPDX-License-Identifier: Apache-2.0
#include "psk_exchange.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <utility>

namespace vmedia::tls
{

namespace
{

// SHA-256 is the hash of an external PSK that names none (RFC 8446, 4.2.11);
// this suite stands for it.
SSL_SESSION* sessionWith(SSL* ssl, std::span<const unsigned char> key)
{
    constexpr unsigned char aes128GcmSha256[] = {0x13, 0x01};
    const SSL_CIPHER* cipher = ::SSL_CIPHER_find(ssl, aes128GcmSha256);
    SSL_SESSION* session = ::SSL_SESSION_new();
    if (session == nullptr || cipher == nullptr ||
        ::SSL_SESSION_set1_master_key(session, key.data(), key.size()) != 1 ||
        ::SSL_SESSION_set_cipher(session, cipher) != 1 ||
        ::SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) != 1)
    {
        ::SSL_SESSION_free(session);
        return nullptr;
    }
    return session;
}

template <typename T>
void attachTo(SSL_CTX* context, const T* self)
{
    // OpenSSL takes no pointer to const; the callbacks give it back as one.
    SSL_CTX_set_app_data(context, const_cast<T*>(self));
}

template <typename T>
const T& attachedTo(SSL* ssl)
{
    return *static_cast<const T*>(SSL_CTX_get_app_data(::SSL_get_SSL_CTX(ssl)));
}

unsigned int copyKey(std::span<const unsigned char> key, unsigned char* into,
                     unsigned int room)
{
    if (key.size() > room)
    {
        return 0;
    }
    std::ranges::copy(key, into);
    return static_cast<unsigned int>(key.size());
}

} // namespace

Result<PskServer> PskServer::make(PskFile file)
{
    Secret key(32); // as many as psktool makes
    if (::RAND_bytes(key.bytes().data(), 32) != 1)
    {
        return fail(Errc::io, "no random bytes: " + takeReason());
    }
    return PskServer(std::move(file), std::move(key));
}

void PskServer::attach(SSL_CTX* context) const
{
    attachTo(context, this);
    ::SSL_CTX_set_psk_server_callback(context, onTls12);
    ::SSL_CTX_set_psk_find_session_callback(context, onTls13);
}

std::span<const unsigned char>
    PskServer::keyFor(SSL* ssl, std::string_view identity) const
{
    const auto found = users.find(identity);
    if (auto* offer = static_cast<PskOffer*>(SSL_get_app_data(ssl)))
    {
        *offer = {std::string(identity), found.has_value()};
    }
    return found.value_or(stranger.bytes());
}

unsigned int PskServer::onTls12(SSL* ssl, const char* identity,
                                unsigned char* key, unsigned int keyRoom)
{
    // No answer would be the alert unknown_psk_identity.
    const auto& self = attachedTo<PskServer>(ssl);
    return copyKey(self.keyFor(ssl, identity == nullptr ? "" : identity), key,
                   keyRoom);
}

int PskServer::onTls13(SSL* ssl, const unsigned char* identity,
                       size_t identitySize, SSL_SESSION** session)
{
    const auto& self = attachedTo<PskServer>(ssl);
    *session = sessionWith(
        ssl, self.keyFor(
                 ssl, {reinterpret_cast<const char*>(identity), identitySize}));
    return *session == nullptr ? 0 : 1;
}

void PskClient::attach(SSL_CTX* context) const
{
    attachTo(context, this);
    ::SSL_CTX_set_psk_client_callback(context, onTls12);
    ::SSL_CTX_set_psk_use_session_callback(context, onTls13);
}

unsigned int PskClient::onTls12(SSL* ssl, const char*, char* identity,
                                unsigned int identityRoom, unsigned char* key,
                                unsigned int keyRoom)
{
    const auto& self = attachedTo<PskClient>(ssl);
    // Room is for the NUL as well, and a NUL inside would cut the name.
    if (self.identity.size() >= identityRoom ||
        self.identity.find('\0') != std::string::npos)
    {
        return 0;
    }
    std::ranges::copy(self.identity, identity);
    identity[self.identity.size()] = '\0';
    return copyKey(self.key.bytes(), key, keyRoom);
}

int PskClient::onTls13(SSL* ssl, const EVP_MD* digest,
                       const unsigned char** identity, size_t* identitySize,
                       SSL_SESSION** session)
{
    const auto& self = attachedTo<PskClient>(ssl);
    *session = nullptr;
    // After a HelloRetryRequest the hash is known, and may not be ours.
    if (digest != nullptr && EVP_MD_get_type(digest) != NID_sha256)
    {
        return 1;
    }
    *session = sessionWith(ssl, self.key.bytes());
    *identity = reinterpret_cast<const unsigned char*>(self.identity.data());
    *identitySize = self.identity.size();
    return *session == nullptr ? 0 : 1;
}

} // namespace vmedia::tls
