// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "openssl.hpp"
#include "policy.hpp"
#include "secret.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace vmedia::tls
{

/// What a server is told; exactly one of pskFile and certificates.
struct ServerOptions
{
    Mode mode = Mode::require;
    std::filesystem::path pskFile{};      ///< psktool's
    std::filesystem::path certificates{}; ///< a directory, see Certificates
    bool verifyPeer = false; ///< with certificates: clients must have one, too
    std::string ciphers{};   ///< see setCiphers()
};

enum class Versions : uint8_t
{
    tls12AndLater,
    tls12,
    tls13,
};

/// What a client is told: identity and key, or a directory of certificates.
struct ClientOptions
{
    std::string identity{}; ///< any bytes; TLS 1.2 takes 255, without a NUL
    Secret key{};
    std::filesystem::path certificates{}; ///< ca-cert.pem must be there
    std::string serverName{};   ///< host or address in the server's certificate
    bool anyServerName = false; ///< trust whatever the CA has signed
    std::string ciphers{};
    Versions versions = Versions::tls12AndLater;
};

/// All that the connections of one server, or one client, have in common.
///
/// Shape:   TLS 1.2 or later, no resumption, renegotiation, compression or
///          early data; kernel TLS where there is one.
/// Errors:  of the functions below: one line that names file, word or option.
/// Threads: never changes once made; copies share it.
class Context
{
  public:
    Mode mode() const;
    bool usesPsk() const;
    const std::string& serverName() const; ///< empty: any, or a server's
    SSL_CTX* native() const;

    struct State;
    explicit Context(std::shared_ptr<const State> made);

  private:
    std::shared_ptr<const State> state;
};

/// Mode::off has no context, so it is refused here.
Result<Context> serverContext(const ServerOptions& options);

Result<Context> clientContext(ClientOptions options);

/// Says whether OpenSSL and the running kernel can do TLS in the kernel; if
/// not, which of the two cannot. For a line at start: a connection decides
/// for itself (Session::kernelSends()), and unix sockets never do it.
Result<void> kernelTls();

} // namespace vmedia::tls
