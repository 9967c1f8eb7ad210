// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <openssl/types.h>

#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace vmedia::websocket
{

/// What a try at a socket that does not block came to.
enum class Step : uint8_t
{
    done,
    wantRead,  ///< the socket has nothing
    wantWrite, ///< the socket takes nothing
    failed,
};

/// The server's end of TLS over a socket that does not block: tries, and says
/// what it has to wait for.
///
/// OpenSSL reads ahead from the socket itself, several records with a system
/// call; the records of a whole write are gathered and leave together.
///
/// Errors:  eof for each end that the peer caused. After any error only the
///          socket can be closed.
/// Owner:   borrows the socket.
class Records
{
  public:
    using Error = boost::system::error_code;

    /// Throws bad_alloc, as OpenSSL has no other reason here.
    Records(SSL_CTX* context, int socket);
    Records(const Records&) = delete;
    Records& operator=(const Records&) = delete;

    /// To be repeated until done, with all of flush() each time.
    Step shakeHands(Error& error);

    /// Done with @p size 0 only if @p to has no room.
    Step read(boost::asio::mutable_buffer to, size_t& size, Error& error);
    /// Whether there are bytes that read() did not give yet; they may be less
    /// than a record.
    bool hasInput() const;

    /// Encrypts as much of @p parts as may be on its way: @p size bytes.
    Step take(std::span<const boost::asio::const_buffer> parts, size_t& size,
              Error& error);
    /// Encrypts that nothing more comes; nothing before the handshake's end.
    void close();
    /// Sends what was encrypted.
    Step flush(Error& error);

  private:
    struct SslFree
    {
        void operator()(SSL* session) const;
    };

    Step failed(int status, Error& error);
    bool encrypt(std::span<const std::byte> bytes);

    int socket;
    std::unique_ptr<SSL, SslFree> ssl;
    bool blocked = false;           ///< flush() waits for the socket
    size_t sent = 0;                ///< of `out`
    std::vector<std::byte> out{};   ///< records that wait for the socket
    std::vector<std::byte> small{}; ///< where parts share a record
};

} // namespace vmedia::websocket
