// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "context.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace vmedia::tls
{

/// One TLS connection over a connected stream socket, blocking.
///
/// Errors:  Errc::closedByPeer for each end that the peer caused: its
///          close_notify, an alert, TCP closed or reset. Errc::protocol for a
///          handshake that failed, and for records that are not what the
///          peer's keys make; the peer has been sent the alert by then. The
///          texts are for the log and hold no secret. Errc::timeout where the
///          socket has a timeout of its own (SO_RCVTIMEO, SO_SNDTIMEO). After
///          any error the connection can only be closed.
/// Threads: one at a time. To end a call that blocks, another thread may
///          ::shutdown() the socket; the call then ends as if the peer had.
///          A thread that uses a Session has SIGPIPE blocked from then on:
///          OpenSSL writes with write(2), kernel TLS wants it so, and there
///          is no MSG_NOSIGNAL for that.
/// Owner:   the socket is borrowed, and must outlive the Session.
class Session
{
  public:
    /// The server's handshake. Nothing of it may have been read before.
    static Result<Session> accept(const Context& context, int socket);

    static Result<Session> connect(const Context& context, int socket);

    /// At least one byte, at most one record.
    Result<size_t> read(std::span<std::byte> into);

    /// All of it, in order, in records of 16 KiB: pieces share a record, what
    /// fills one is not copied, and several records share a system call.
    Result<void> write(std::span<const std::span<const std::byte>> pieces);

    /// Sends close_notify and does not wait for the peer's. Does nothing
    /// after an error, and never fails: who closes has nothing left to say.
    /// May block as write() does, if the peer has stopped reading.
    void close();

    /// Bytes that read() gives without asking the socket.
    size_t pending() const;

    /// True if bytes have left the socket that read() has not given: poll()
    /// knows nothing of them, so who polls must ask here first. There may be
    /// only the beginning of a record, of which the rest is on its way.
    bool hasBuffered() const;

    /// The PSK user or the subject of the certificate, fit for a log line;
    /// empty for a peer that gave neither.
    const std::string& peer() const
    {
        return peerName;
    }

    std::string version() const; ///< "TLSv1.3"
    std::string cipher() const;  ///< "TLS_AES_128_GCM_SHA256"

    bool kernelSends() const;
    bool kernelReceives() const;

    /// For what has no name here, such as KeyUpdate.
    SSL* native() const
    {
        return ssl.get();
    }

  private:
    explicit Session(SslOwner made) : ssl(std::move(made)) {}

    static Result<Session> shakeHands(const Context& context, int socket,
                                      int (*handshake)(SSL*));
    Result<void> send(std::span<const std::byte> bytes);

    SslOwner ssl;
    std::string peerName{};
    std::vector<std::byte> record{}; // where small pieces meet
    bool broken = false;
};

} // namespace vmedia::tls
