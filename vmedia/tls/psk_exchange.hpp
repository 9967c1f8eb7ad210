// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "openssl.hpp"
#include "psk_file.hpp"

namespace vmedia::tls
{

/// Who a connection said it was; the callbacks below fill it in. A Session
/// hangs one on its SSL with SSL_set_app_data() before the handshake.
struct PskOffer
{
    std::string identity{};
    bool known = false; ///< for the log; the peer must not learn it
};

/// The server's side of pre-shared keys in TLS 1.2 and 1.3.
///
/// A user that the file does not know gets a random key: the handshake goes
/// on, and fails where a wrong key makes it fail, with the same alert. So
/// nobody learns who has a key here.
///
/// Threads: nothing changes after make(); any number of connections.
class PskServer
{
  public:
    static Result<PskServer> make(PskFile file);

    /// The object must outlive @p context, and stay where it is.
    void attach(SSL_CTX* context) const;

  private:
    PskServer(PskFile file, Secret key) :
        users(std::move(file)), stranger(std::move(key))
    {}
    std::span<const unsigned char> keyFor(SSL* ssl,
                                          std::string_view identity) const;
    static unsigned int onTls12(SSL* ssl, const char* identity,
                                unsigned char* key, unsigned int keyRoom);
    static int onTls13(SSL* ssl, const unsigned char* identity,
                       size_t identitySize, SSL_SESSION** session);

    PskFile users;
    Secret stranger;
};

/// The client's side: one identity, any bytes, and its key.
class PskClient
{
  public:
    PskClient(std::string user, Secret secret) :
        identity(std::move(user)), key(std::move(secret))
    {}
    void attach(SSL_CTX* context) const; ///< as PskServer::attach()

  private:
    static unsigned int onTls12(SSL* ssl, const char* hint, char* identity,
                                unsigned int identityRoom, unsigned char* key,
                                unsigned int keyRoom);
    static int onTls13(SSL* ssl, const EVP_MD* digest,
                       const unsigned char** identity, size_t* identitySize,
                       SSL_SESSION** session);

    std::string identity;
    Secret key;
};

} // namespace vmedia::tls
