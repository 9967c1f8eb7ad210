// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "openssl.hpp"
#include "vmedia/error/error.hpp"

#include <filesystem>
#include <vector>

namespace vmedia::tls
{

enum class Role : uint8_t
{
    server,
    client,
};

/// A directory of X.509 files, named as nbdkit and qemu name them:
/// ca-cert.pem, ca-crl.pem, and server-cert.pem with server-key.pem or
/// client-cert.pem with client-key.pem.
///
/// Errors:  name the file: missing, not PEM, key and certificate that do not
///          belong together, a key that others can read or that has a
///          passphrase, a certificate or CRL out of its time, a CRL that no
///          CA here signed. An expired CRL is an error, no warning: OpenSSL
///          refuses each client by it, and the line at start says why.
/// Threads: none; apply() copies what it needs.
class Certificates
{
  public:
    struct Need
    {
        bool own = true;       ///< a certificate and its key must be there
        bool authority = true; ///< ca-cert.pem must be there
    };

    static Result<Certificates> load(const std::filesystem::path& directory,
                                     Role role, Need need);

    Result<void> apply(SSL_CTX* context) const;

  private:
    Result<void> loadOwn(const std::filesystem::path& certificateFile,
                         const std::filesystem::path& keyFile);
    Result<void> loadAuthorities(const std::filesystem::path& file);
    Result<void> loadCrls(const std::filesystem::path& file);

    std::filesystem::path source{};
    std::vector<CertificateOwner> chain{}; // our own comes first
    KeyOwner key{};
    std::vector<CertificateOwner> authorities{};
    std::vector<CrlOwner> crls{};
};

} // namespace vmedia::tls
