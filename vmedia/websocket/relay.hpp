// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "link.hpp"
#include "outlet.hpp"
#include "prefixed_stream.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/websocket/stream.hpp>

namespace vmedia::websocket
{

/// Without permessage-deflate: media do not compress, and a BMC is slow.
using WebSocket = boost::beast::websocket::stream<PrefixedStream<Link>, false>;

/// How a client left the relay.
enum class ClientEnd : uint8_t
{
    closed,    ///< with a close frame
    violation, ///< broke the WebSocket protocol; Beast has closed with 1002
    vanished,  ///< FIN, RST, or silent for too long
    text,      ///< sent a text message: NBD is binary
};

/// The options that the relay needs. Beast's idle timer is off: it is set anew
/// with each operation, three system calls a message. See
/// Link::waitingSince().
void configure(WebSocket& webSocket);

/// WebSocket messages to bytes. Boundaries mean nothing to NBD, so a message
/// may be of any size: no more than a window of it is ever held.
/// When the other end of @p to is closed, goes on reading, so that the
/// client's close and its pongs are seen. At the end, what is left in @p to is
/// on its way, or dropped if nobody takes it.
boost::asio::awaitable<ClientEnd> webSocketToSocket(WebSocket& from,
                                                    Outlet& to);

/// Bytes to binary messages, one of at most 128 KiB for each read; the next
/// read waits until the message is written. True at the end of @p from, false
/// if the client is gone.
boost::asio::awaitable<bool>
    socketToWebSocket(boost::asio::local::stream_protocol::socket& from,
                      WebSocket& to);

} // namespace vmedia::websocket
