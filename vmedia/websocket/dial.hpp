// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "interim_stream.hpp"
#include "stream.hpp"
#include "url.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <variant>

namespace vmedia::websocket
{

// Without permessage-deflate, as in relay.hpp.
using PlainSocket =
    boost::beast::websocket::stream<InterimStream<boost::asio::ip::tcp::socket>,
                                    false>;
using TlsSocket = boost::beast::websocket::stream<
    InterimStream<boost::asio::ssl::stream<boost::asio::ip::tcp::socket>>,
    false>;

struct Credentials
{
    std::string user;
    std::string password;
};

struct DialOptions
{
    std::optional<Credentials> credentials{};
    std::string caFile{};              ///< PEM; empty: the system's authorities
    bool verify = true;                ///< of the certificate and of its name
    std::chrono::seconds deadline{30}; ///< for the whole of dialling
};

/// An open WebSocket, plain or over TLS.
class Connection
{
  public:
    Connection(boost::asio::any_io_executor executor,
               boost::asio::ssl::context tls);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Resolves, connects, upgrades.
    ///
    /// Errors: which of the three did not happen and why; an HTTP refusal
    ///         gives its status and the first line of its body.
    boost::asio::awaitable<Result<void>> dial(const Url& url,
                                              const DialOptions& options);

    /// The stream to serve NBD on. Call once, after dial().
    nbd::Stream& stream();

    /// How the peer closed, if it did.
    std::optional<Closed> closed() const;

    /// Sends a Close frame; returns when the peer answered, or dropped after
    /// closeGrace. A read may be under way: it ends with the peer's answer.
    boost::asio::awaitable<void>
        close(boost::beast::websocket::close_reason reason);

    /// Closes the TCP connection as it is.
    void drop();

  private:
    boost::asio::awaitable<Result<void>> connect(const Url& url,
                                                 const DialOptions& options);
    template <typename Socket>
    boost::asio::awaitable<Result<void>> upgrade(Socket& socket, const Url& url,
                                                 const DialOptions& options);

    boost::asio::any_io_executor executor;
    boost::asio::ssl::context tlsContext;
    std::optional<PlainSocket> plain;
    std::optional<TlsSocket> tls;
    std::optional<MessageStream<PlainSocket>> plainStream;
    std::optional<MessageStream<TlsSocket>> tlsStream;
};

/// A client's TLS: 1.2 or later, with @p options' authorities.
Result<boost::asio::ssl::context> clientTls(const DialOptions& options);

} // namespace vmedia::websocket
