// SPDX-License-Identifier: Apache-2.0
#include "context.hpp"

#include "certificates.hpp"
#include "ciphers.hpp"
#include "psk_exchange.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

namespace vmedia::tls
{

// The SSL_CTX points at the keys, so it goes first: it is declared last.
struct Context::State
{
    Mode mode = Mode::require;
    std::string serverName{};
    std::optional<PskServer> pskServer{};
    std::optional<PskClient> pskClient{};
    ContextOwner native{};
};

Context::Context(std::shared_ptr<const State> made) : state(std::move(made)) {}

Mode Context::mode() const
{
    return state->mode;
}

bool Context::usesPsk() const
{
    return state->pskServer || state->pskClient;
}

const std::string& Context::serverName() const
{
    return state->serverName;
}

SSL_CTX* Context::native() const
{
    return state->native.get();
}

namespace
{

constexpr size_t readAhead = size_t{64} << 10; // four records a system call

Result<ContextOwner> rawContext(const SSL_METHOD* method)
{
    ::ERR_clear_error();
    ContextOwner context(::SSL_CTX_new(method));
    if (!context)
    {
        return fail(Errc::io, "OpenSSL gives no context: " + takeReason(),
                    "look at openssl.cnf");
    }
    SSL_CTX* raw = context.get();
    // openssl.cnf may be stricter, and then that stands.
    if (SSL_CTX_get_min_proto_version(raw) < TLS1_2_VERSION)
    {
        SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    }
    if (::SSL_CTX_get_security_level(raw) < 2)
    {
        ::SSL_CTX_set_security_level(raw, 2); // 112 bits: RSA 2048, no SHA-1
    }
    ::SSL_CTX_set_options(raw, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_NO_COMPRESSION | SSL_OP_ENABLE_KTLS);
    ::SSL_CTX_set_num_tickets(raw, 0);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_dh_auto(raw, 1); // of the strength of the security level
    // One system call for several records, not two for each.
    SSL_CTX_set_read_ahead(raw, 1);
    ::SSL_CTX_set_default_read_buffer_len(raw, readAhead);
    return context;
}

Result<void> useCertificates(SSL_CTX* context,
                             const std::filesystem::path& directory, Role role,
                             Certificates::Need need)
{
    const Result<Certificates> loaded = Certificates::load(directory, role,
                                                           need);
    return loaded ? loaded->apply(context) : tl::unexpected(loaded.error());
}

Result<void> check(const ServerOptions& options)
{
    if (options.mode == Mode::off)
    {
        return fail(Errc::usage, "--tls=off has no use for keys",
                    "use --tls=on or --tls=require with them");
    }
    if (options.pskFile.empty() && options.certificates.empty())
    {
        return fail(Errc::usage,
                    fmt::format("--tls={} has no keys", toString(options.mode)),
                    "add --tls-psk=FILE or --tls-certificates=DIR");
    }
    if (!options.pskFile.empty() && !options.certificates.empty())
    {
        return fail(Errc::usage,
                    fmt::format("both --tls-psk={} and --tls-certificates={}",
                                options.pskFile.string(),
                                options.certificates.string()),
                    "use one of them");
    }
    if (options.verifyPeer && options.certificates.empty())
    {
        return fail(Errc::usage,
                    "--tls-verify-peer looks at certificates, and --tls-psk "
                    "has none: each client proves its key anyway",
                    "leave --tls-verify-peer out");
    }
    return {};
}

} // namespace

Result<Context> serverContext(const ServerOptions& options)
{
    if (Result<void> sound = check(options); !sound)
    {
        return tl::unexpected(sound.error());
    }
    Result<ContextOwner> raw = rawContext(::TLS_server_method());
    if (!raw)
    {
        return tl::unexpected(raw.error());
    }
    auto state = std::make_shared<Context::State>();
    state->mode = options.mode;
    state->native = std::move(*raw);
    SSL_CTX* native = state->native.get();
    Credential credential = Credential::certificate;
    if (!options.pskFile.empty())
    {
        credential = Credential::psk;
        Result<PskFile> file = PskFile::load(options.pskFile);
        if (!file)
        {
            return tl::unexpected(file.error());
        }
        Result<PskServer> psk = PskServer::make(std::move(*file));
        if (!psk)
        {
            return tl::unexpected(psk.error());
        }
        state->pskServer.emplace(std::move(*psk)).attach(native);
    }
    else if (Result<void> used = useCertificates(
                 native, options.certificates, Role::server,
                 {.own = true, .authority = options.verifyPeer});
             !used)
    {
        return tl::unexpected(used.error());
    }
    if (options.verifyPeer)
    {
        ::SSL_CTX_set_verify(
            native, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    if (Result<void> set = setCiphers(native, credential, options.ciphers);
        !set)
    {
        return tl::unexpected(set.error());
    }
    return Context(std::move(state));
}

Result<Context> clientContext(ClientOptions options)
{
    const bool psk = options.certificates.empty();
    if (psk && (options.identity.empty() || options.key.bytes().empty()))
    {
        return fail(Errc::usage,
                    "a TLS client needs a user with a key, or certificates");
    }
    if (!psk && options.serverName.empty() && !options.anyServerName)
    {
        return fail(Errc::usage,
                    "a TLS client with certificates needs the server's name");
    }
    Result<ContextOwner> raw = rawContext(::TLS_client_method());
    if (!raw)
    {
        return tl::unexpected(raw.error());
    }
    auto state = std::make_shared<Context::State>();
    state->native = std::move(*raw);
    SSL_CTX* native = state->native.get();
    if (options.versions == Versions::tls12)
    {
        SSL_CTX_set_max_proto_version(native, TLS1_2_VERSION);
    }
    if (options.versions == Versions::tls13)
    {
        SSL_CTX_set_min_proto_version(native, TLS1_3_VERSION);
    }
    // With a key as well: a server that ignores it and shows a certificate
    // has to fail, and no CA is trusted then.
    ::SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
    if (psk)
    {
        state->pskClient
            .emplace(std::move(options.identity), std::move(options.key))
            .attach(native);
    }
    else
    {
        if (Result<void> used =
                useCertificates(native, options.certificates, Role::client,
                                {.own = false, .authority = true});
            !used)
        {
            return tl::unexpected(used.error());
        }
        state->serverName = std::move(options.serverName);
    }
    if (Result<void> set =
            setCiphers(native, psk ? Credential::psk : Credential::certificate,
                       options.ciphers);
        !set)
    {
        return tl::unexpected(set.error());
    }
    return Context(std::move(state));
}

Result<void> kernelTls()
{
#ifdef OPENSSL_NO_KTLS
    return fail(Errc::io, "this OpenSSL is built without kernel TLS");
#else
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0)
    {
        return failErrno(errno, "no TCP socket to ask for kernel TLS");
    }
    constexpr char name[] = "tls";
    const int answer = ::setsockopt(probe, IPPROTO_TCP, TCP_ULP, name,
                                    sizeof(name));
    const int why = errno;
    ::close(probe);
    // tls_init() of the kernel's net/tls/tls_main.c: ENOTCONN, as the probe
    // is not connected; without the module there is nobody to say so.
    if (answer == 0 || why == ENOTCONN)
    {
        return {};
    }
    return failErrno(why, "the kernel has no TLS", "modprobe tls");
#endif
}

} // namespace vmedia::tls
