// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"
#include "vmedia/process/child.hpp"
#include "vmedia/process/line_log.hpp"
#include "vmedia/websocket/relay.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vmedia::httpd
{

struct SessionOptions
{
    std::vector<std::string> proxy;       ///< nbd-proxy and its options
    std::chrono::seconds idle;            ///< then a silent client is dead
    std::chrono::milliseconds childGrace; ///< for its `state stop` hook
};

/// One client on one slot: a WebSocket, and nbd-proxy with the other end of a
/// socketpair as its standard input and output.
///
/// Closes with a code that says what happened:
///   1000 session ended      nbd-proxy exited with 0
///   1001                    the server stops
///   1003                    a text message came
///   1011 its last line      nbd-proxy failed
/// and never 1000 for an error: a page takes that for success.
///
/// Ends when the child has: only then may the slot be used again, or two
/// gadgets would race. The child first sees its input close; if it is still
/// there after childGrace, it gets SIGTERM, then SIGKILL.
class Session
{
  public:
    using Request = boost::beast::http::request<boost::beast::http::empty_body>;

    /// Starts nbd-proxy for @p slot. Errors: it cannot be started.
    static Result<std::unique_ptr<Session>>
        start(const boost::asio::any_io_executor& executor,
              const SessionOptions& options, const std::string& slot);

    /// Called once, with a line on how the session ended.
    using ChildGone = std::function<void(const std::string& why)>;

    /// Answers @p request with 101 and serves to the end of both the client
    /// and the child. @p leftover came behind the request. The slot is free
    /// from @p childGone on; a client that is slow to say goodbye, or never
    /// does, keeps only its connection, and that for two seconds.
    boost::asio::awaitable<void> run(websocket::Link stream,
                                     std::string leftover, Request request,
                                     ChildGone childGone);

    /// The server stops. Nothing after run() has ended.
    void stop();

  private:
    using Socket = boost::asio::local::stream_protocol::socket;

    Session(const boost::asio::any_io_executor& executor,
            const SessionOptions& options, Socket pipe,
            std::shared_ptr<process::LineLog> log, process::Child child);
    void spawn(boost::asio::awaitable<void> task);
    void changed();
    boost::asio::awaitable<bool> until(
        std::function<bool()> holds,
        std::chrono::steady_clock::duration deadline = std::chrono::hours(24 *
                                                                          365));
    boost::asio::awaitable<void> watchChild();
    boost::asio::awaitable<void> copyLines();
    boost::asio::awaitable<void> fromClient();
    boost::asio::awaitable<void> toClient();
    boost::asio::awaitable<void> watchConnection();
    boost::asio::awaitable<void> watchSilence();
    boost::asio::awaitable<void> ping();
    void closeConnection();
    boost::asio::awaitable<void>
        closeWebSocket(boost::beast::websocket::close_reason why);
    void clientIs(websocket::ClientEnd how);
    boost::asio::awaitable<void> endChild();
    boost::beast::websocket::close_reason whyClosed() const;

    boost::asio::any_io_executor executor;
    SessionOptions options;
    Socket pipe;
    std::shared_ptr<process::LineLog> log;
    process::Child child;
    websocket::Outlet toChild; ///< of `pipe`
    std::optional<websocket::WebSocket> webSocket{};
    std::optional<boost::asio::posix::stream_descriptor> hangUp{};
    boost::asio::steady_timer silence;
    boost::asio::steady_timer change; ///< cancelled to wake until()
    int running = 0;                  ///< coroutines that use this object
    int talking = 0;                  ///< those who still exchange close frames
    bool toClientEnded = false;
    bool isOver = false;
    bool stopping = false;
    std::optional<websocket::ClientEnd> clientEnd{};
    std::optional<process::ExitStatus> childStatus{};
};

} // namespace vmedia::httpd
