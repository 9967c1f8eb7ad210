// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <functional>
#include <memory>

namespace vmedia::websocket
{

/// What came from the WebSocket, on its way to a unix socket: half a window.
///
/// Messages, and parts of them, gather here as long as more is there to be
/// read: each write wakes the other end. What is here leaves when it is full,
/// or when there is nothing more to read: nothing waits for what may never
/// come.
///
/// When the other end is closed, all that comes is dropped.
///
/// Threads: one. Owner: borrows the socket; lives until isEmpty() after it was
///          closed.
class Outlet
{
  public:
    using Socket = boost::asio::local::stream_protocol::socket;

    /// @p whenEmpty is called each time that nothing is left, by flush().
    Outlet(Socket& to, std::function<void()> whenEmpty);
    Outlet(const Outlet&) = delete;
    Outlet& operator=(const Outlet&) = delete;

    /// Where the next bytes go. Empty only if isFull().
    boost::asio::mutable_buffer room();
    void add(size_t size);

    bool isFull() const;
    bool isEmpty() const;

    /// Begins to write, and does not wait.
    void flush();
    /// Writes all that is there.
    boost::asio::awaitable<void> drain();

  private:
    boost::asio::const_buffer held() const;
    void written(bool isGone, size_t size);

    Socket& to;
    std::function<void()> whenEmpty;
    boost::asio::steady_timer change; ///< cancelled at the end of a write
    std::unique_ptr<std::byte[]> bytes;
    size_t begin = 0;
    size_t end = 0;
    bool isWriting = false;
    bool isGone = false; ///< nobody reads any more
};

} // namespace vmedia::websocket
