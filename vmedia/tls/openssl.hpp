// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace vmedia::tls
{

/// Owners of OpenSSL's objects.
template <auto release>
struct Release
{
    template <typename T>
    void operator()(T* object) const
    {
        release(object);
    }
};

using BioOwner = std::unique_ptr<BIO, Release<::BIO_free_all>>;
using CertificateOwner = std::unique_ptr<X509, Release<::X509_free>>;
using ContextOwner = std::unique_ptr<SSL_CTX, Release<::SSL_CTX_free>>;
using CrlOwner = std::unique_ptr<X509_CRL, Release<::X509_CRL_free>>;
using KeyOwner = std::unique_ptr<EVP_PKEY, Release<::EVP_PKEY_free>>;
using SslOwner = std::unique_ptr<SSL, Release<::SSL_free>>;

/// What OpenSSL says of the oldest error of its TLS part, or else of the
/// oldest; it then forgets all of them. These are constant texts: what was read
/// or sent is not in them.
std::string takeReason();

} // namespace vmedia::tls
