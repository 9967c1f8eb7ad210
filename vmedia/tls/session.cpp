// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include "psk_exchange.hpp"
#include "sigpipe.hpp"
#include "vmedia/error/text.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace vmedia::tls
{

namespace
{

constexpr size_t recordMax = SSL3_RT_MAX_PLAIN_LENGTH; // RFC 8446, 5.1: 2^14
constexpr long sendBytes = 64L << 10; // four records a system call

// Asio makes sockets non-blocking without being asked, and one that is handed
// over may still be so. One that blocks has waited already: that was a signal,
// or else its own timeout, for which errno stays EAGAIN.
bool waitForSocket(SSL* ssl, short events)
{
    pollfd ready{::SSL_get_fd(ssl), events, 0};
    if (errno == EAGAIN && (::fcntl(ready.fd, F_GETFL) & O_NONBLOCK) == 0)
    {
        return false;
    }
    return ::poll(&ready, 1, -1) > 0 || errno == EINTR;
}

bool waitFor(SSL* ssl, int status)
{
    switch (::SSL_get_error(ssl, status))
    {
        case SSL_ERROR_WANT_READ:
            return waitForSocket(ssl, POLLIN);
        case SSL_ERROR_WANT_WRITE:
            return waitForSocket(ssl, POLLOUT);
        default:
            return false;
    }
}

/// Calls until it succeeds, or fails for good.
template <typename Call>
int persist(SSL* ssl, Call call)
{
    blockSigpipe();
    int status = 0;
    do
    {
        ::ERR_clear_error();
        errno = 0;
        status = call(ssl);
    } while (status <= 0 && waitFor(ssl, status));
    return status;
}

/// Sends what the records of some calls have left in the buffer.
int flush(SSL* ssl)
{
    BIO* out = ::SSL_get_wbio(ssl);
    int status = 0;
    do
    {
        errno = 0;
        status = static_cast<int>(BIO_flush(out));
    } while (status <= 0 && BIO_should_retry(out) &&
             waitForSocket(ssl, POLLOUT));
    return status;
}

/// From now on records leave together. Nothing of the handshake waits there:
/// OpenSSL flushes that, and its alerts, itself.
bool bufferRecords(SSL* ssl)
{
    BioOwner buffer(::BIO_new(::BIO_f_buffer()));
    BIO* socket = ::SSL_get_wbio(ssl);
    if (!buffer || BIO_set_write_buffer_size(buffer.get(), sendBytes) != 1 ||
        ::BIO_up_ref(socket) != 1)
    {
        return false;
    }
    ::SSL_set0_wbio(ssl, ::BIO_push(buffer.release(), socket));
    return true;
}

Error gone(const char* how)
{
    return {Errc::closedByPeer, fmt::format("the peer {}", how)};
}

/// Why @p status is no success. @p alerted is what an alert of the peer's
/// means: the end of a connection, or of a handshake.
Error reasonOf(SSL* ssl, int status, Errc alerted)
{
    const int system = errno; // before anything else sets it
    if (system == EAGAIN)
    {
        ::ERR_clear_error();
        return {Errc::timeout, "the peer kept the socket waiting for longer "
                               "than its timeout"};
    }
    const unsigned long first = ::ERR_peek_error();
    const int reason = ERR_GET_REASON(first);
    switch (::SSL_get_error(ssl, status))
    {
        case SSL_ERROR_ZERO_RETURN:
            return gone("ended TLS with close_notify");
        case SSL_ERROR_SYSCALL:
            ::ERR_clear_error();
            if (system == 0 || system == EPIPE || system == ECONNRESET)
            {
                return gone("closed the connection without close_notify");
            }
            return failErrno(system, "TLS socket").value();
        default:
            break;
    }
    if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
    {
        ::ERR_clear_error();
        return gone("closed the connection without close_notify");
    }
    if (ERR_GET_LIB(first) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET)
    {
        ::ERR_clear_error();
        return {alerted, fmt::format("the peer sent the TLS alert '{}'",
                                     ::SSL_alert_desc_string_long(
                                         reason - SSL_AD_REASON_OFFSET))};
    }
    return {Errc::protocol, takeReason()};
}

std::string subjectOf(SSL* ssl)
{
    const X509* certificate = ::SSL_get0_peer_certificate(ssl);
    const BioOwner memory(::BIO_new(::BIO_s_mem()));
    if (certificate == nullptr || !memory)
    {
        return {};
    }
    ::X509_NAME_print_ex(memory.get(), ::X509_get_subject_name(certificate), 0,
                         XN_FLAG_RFC2253);
    char* text = nullptr;
    const auto size = BIO_get_mem_data(memory.get(), &text);
    return printable({text, static_cast<size_t>(std::max(size, 0L))});
}

/// What the log should know of a handshake that failed.
Error explain(Error error, const Context& context, SSL* ssl,
              const PskOffer& offer)
{
    if (error.code != Errc::protocol)
    {
        return error;
    }
    error.what = "TLS handshake: " + error.what;
    // Where no certificate was asked for, the verdict is "unspecified".
    if (const long verdict = ::SSL_get_verify_result(ssl);
        verdict != X509_V_OK && !context.usesPsk())
    {
        error.what += fmt::format("; the peer's certificate: {}",
                                  ::X509_verify_cert_error_string(verdict));
    }
    if (!offer.identity.empty())
    {
        error.what += fmt::format("; user '{}' {}", printable(offer.identity),
                                  offer.known ? "has a key here"
                                              : "has no key here");
    }
    return error;
}

bool expectName(SSL* ssl, const std::string& name)
{
    X509_VERIFY_PARAM* rules = ::SSL_get0_param(ssl);
    if (name.empty() ||
        ::X509_VERIFY_PARAM_set1_ip_asc(rules, name.c_str()) == 1)
    {
        return true;
    }
    return ::SSL_set1_host(ssl, name.c_str()) == 1 &&
           SSL_set_tlsext_host_name(ssl, name.c_str()) == 1;
}

} // namespace

Result<Session> Session::shakeHands(const Context& context, int socket,
                                    int (*handshake)(SSL*))
{
    ::ERR_clear_error();
    SslOwner made(::SSL_new(context.native()));
    if (!made || ::SSL_set_fd(made.get(), socket) != 1 ||
        !expectName(made.get(), context.serverName()))
    {
        return fail(Errc::io, "OpenSSL gives no session: " + takeReason());
    }
    Session session(std::move(made));
    SSL* ssl = session.ssl.get();
    PskOffer offer; // the callbacks write here until the handshake is over
    SSL_set_app_data(ssl, &offer);
    const int status = persist(ssl, handshake);
    SSL_set_app_data(ssl, nullptr);
    if (status != 1)
    {
        return tl::unexpected(explain(reasonOf(ssl, status, Errc::protocol),
                                      context, ssl, offer));
    }
    if (session.kernelReceives())
    {
        // The kernel gives whole records, and one at a time.
        SSL_set_read_ahead(ssl, 0);
    }
    // The kernel takes what is not encrypted yet, and knows a record's end.
    if (!session.kernelSends() && !bufferRecords(ssl))
    {
        return fail(Errc::io, "OpenSSL gives no buffer: " + takeReason());
    }
    session.peerName = offer.known ? printable(offer.identity) : subjectOf(ssl);
    return session;
}

Result<Session> Session::accept(const Context& context, int socket)
{
    return shakeHands(context, socket, ::SSL_accept);
}

Result<Session> Session::connect(const Context& context, int socket)
{
    return shakeHands(context, socket, ::SSL_connect);
}

Result<size_t> Session::read(std::span<std::byte> into)
{
    size_t got = 0;
    const int status = persist(ssl.get(), [&](SSL* from) {
        return ::SSL_read_ex(from, into.data(), into.size(), &got);
    });
    if (status != 1)
    {
        Error why = reasonOf(ssl.get(), status, Errc::closedByPeer);
        // After the peer's close_notify ours may still be sent.
        broken = ::SSL_get_shutdown(ssl.get()) != SSL_RECEIVED_SHUTDOWN ||
                 why.code != Errc::closedByPeer;
        return tl::unexpected(std::move(why));
    }
    return got;
}

Result<void> Session::send(std::span<const std::byte> bytes)
{
    size_t put = 0; // all of it: partial writes are not enabled
    const int status = persist(ssl.get(), [&](SSL* to) {
        return ::SSL_write_ex(to, bytes.data(), bytes.size(), &put);
    });
    if (status != 1)
    {
        broken = true;
        return tl::unexpected(reasonOf(ssl.get(), status, Errc::closedByPeer));
    }
    return {};
}

Result<void> Session::write(std::span<const std::span<const std::byte>> pieces)
{
    record.reserve(recordMax);
    record.clear();
    for (std::span<const std::byte> rest : pieces)
    {
        while (!rest.empty())
        {
            const bool direct = record.empty() && rest.size() >= recordMax;
            const size_t size = direct ? rest.size() - rest.size() % recordMax
                                       : std::min(rest.size(),
                                                  recordMax - record.size());
            const auto part = rest.first(size);
            rest = rest.subspan(size);
            if (!direct)
            {
                record.insert(record.end(), part.begin(), part.end());
                if (record.size() < recordMax)
                {
                    continue;
                }
            }
            if (Result<void> sent = send(direct ? part : std::span(record));
                !sent)
            {
                return sent;
            }
            record.clear();
        }
    }
    if (!record.empty())
    {
        if (Result<void> sent = send(record); !sent)
        {
            return sent;
        }
    }
    if (const int status = flush(ssl.get()); status != 1)
    {
        broken = true;
        return tl::unexpected(reasonOf(ssl.get(), status, Errc::closedByPeer));
    }
    return {};
}

void Session::close()
{
    if (!broken)
    {
        broken = true; // once is enough, and nothing may follow it
        // 0 is success: ours is sent, the peer's has not come.
        persist(ssl.get(),
                [](SSL* it) { return ::SSL_shutdown(it) >= 0 ? 1 : -1; });
        ::ERR_clear_error();
    }
}

size_t Session::pending() const
{
    return static_cast<size_t>(::SSL_pending(ssl.get()));
}

bool Session::hasBuffered() const
{
    return ::SSL_has_pending(ssl.get()) == 1;
}

std::string Session::version() const
{
    return ::SSL_get_version(ssl.get());
}

std::string Session::cipher() const
{
    return ::SSL_get_cipher_name(ssl.get());
}

bool Session::kernelSends() const
{
    return BIO_get_ktls_send(::SSL_get_wbio(ssl.get())) != 0;
}

bool Session::kernelReceives() const
{
    return BIO_get_ktls_recv(::SSL_get_rbio(ssl.get())) != 0;
}

} // namespace vmedia::tls
