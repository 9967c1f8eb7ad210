// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/transport/connection.hpp"
#include "conformance/transport/tls_client.hpp"

#include <optional>
#include <string>

namespace conformance
{

/// What came of a TLS handshake.
struct TlsHandshake
{
    bool done = false;
    Ended ended = Ended::no; ///< of the connection, if it is not done
    std::string how{};       ///< the version, or what was seen instead
};

/// A connection, in clear until startTls().
///
/// Shape:  send() and receive() are the Connection's own, above TLS once it
///         is there; wire() is always below it. Alerts and close_notify are
///         Ended::closed, as an EOF is: `how` tells them apart.
/// Log:    what goes over TLS is there in clear; the handshake's bytes, and
///         what cases do by wire() after it, are there as below TLS.
class Channel
{
  public:
    using Deadline = std::chrono::milliseconds;

    explicit Channel(Connection opened) : connection(std::move(opened)) {}

    Ended send(vmedia::nbd::ByteView bytes, Deadline deadline);
    /// Connection::exchange(). Above TLS, what comes waits for receive().
    Ended exchange(vmedia::nbd::ByteView bytes, vmedia::nbd::Bytes& arrived,
                   Deadline deadline);
    /// As much as the peer takes until it takes nothing for @p patience, and
    /// nothing is read meanwhile; the rest goes out by the next exchange().
    void sendUnread(vmedia::nbd::ByteView bytes, Deadline patience);
    Received receive(size_t size, Deadline deadline);

    /// From now on there is TLS; nothing is sent yet.
    vmedia::Result<void> beginTls(const TlsWish& wish);
    /// Sends what TLS has to say and hears the answers.
    TlsHandshake shakeHands(Deadline deadline);

    /// None before beginTls(). What it makes goes out by flush().
    TlsClient* tls()
    {
        return secured ? &*secured : nullptr;
    }
    Ended flush(Deadline deadline);
    Connection& wire()
    {
        return connection;
    }

  private:
    TlsHandshake exchangeHands(Deadline deadline);

    Connection connection;
    bool established = false;
    std::optional<TlsClient> secured{};
    vmedia::nbd::Bytes held{}; ///< of sendUnread(), as it goes over the wire
};

} // namespace conformance
