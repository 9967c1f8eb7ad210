// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include "vmedia/websocket/close_reason.hpp"
#include "vmedia/websocket/window.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>

namespace vmedia::httpd
{

namespace asio = boost::asio;
namespace beast = boost::beast;
using websocket::ClientEnd;
using namespace std::chrono_literals;

namespace
{

constexpr auto flushGrace = 5s;   // for a client that reads slowly
constexpr auto deliverGrace = 1s; // for a child that reads slowly
constexpr auto closeGrace = 2s;   // for the close frames and the end of TLS
constexpr auto termGrace = 5s;    // between SIGTERM and SIGKILL

} // namespace

Result<std::unique_ptr<Session>>
    Session::start(const asio::any_io_executor& executor,
                   const SessionOptions& options, const std::string& slot)
{
    auto log = process::LineLog::open(executor);
    if (!log)
    {
        return tl::unexpected(log.error());
    }
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    {
        return failErrno(errno, "a socketpair for nbd-proxy");
    }
    for (const int end : ends)
    {
        // Twice the kernel's default: who writes sleeps less often. A kernel
        // that allows less takes what it allows.
        const int room = websocket::window;
        ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
    }
    Socket pipe(executor, asio::local::stream_protocol(), ends[0]);
    std::vector<std::string> argv = options.proxy;
    argv.push_back(slot);
    auto child = process::Child::start(
        executor, {argv, ends[1], ends[1], log->writeEnd()});
    ::close(ends[1]);
    log->childStarted();
    if (!child)
    {
        return tl::unexpected(child.error());
    }
    return std::unique_ptr<Session>(
        new Session(executor, options, std::move(pipe),
                    std::make_shared<process::LineLog>(std::move(*log)),
                    std::move(*child)));
}

Session::Session(const asio::any_io_executor& e, const SessionOptions& o,
                 Socket p, std::shared_ptr<process::LineLog> l,
                 process::Child c) :
    executor(e), options(o), pipe(std::move(p)), log(std::move(l)),
    child(std::move(c)), toChild(pipe, [this] { changed(); }),
    silence(executor), change(executor)
{}

asio::awaitable<void> Session::run(websocket::Link stream, std::string leftover,
                                   Request request, ChildGone childGone)
{
    webSocket.emplace(std::move(stream), std::move(leftover));
    // Beast's timeout for the upgrade, and then our own, take over from here.
    beast::get_lowest_layer(*webSocket).expiresNever();
    websocket::configure(*webSocket);
    spawn(watchChild());
    spawn(copyLines());
    auto [error] = co_await webSocket->async_accept(
        request, asio::as_tuple(asio::use_awaitable));
    if (error)
    {
        clientIs(ClientEnd::vanished);
    }
    else
    {
        // Known before Beast has answered and the client has hung up, which
        // is when the read ends: the child need not wait for that.
        webSocket->control_callback(
            [this](beast::websocket::frame_type type, auto) {
            if (type == beast::websocket::frame_type::close)
            {
                toChild.flush();
                clientIs(ClientEnd::closed);
            }
        });
        ++talking;
        spawn(fromClient());
        spawn(toClient());
        spawn(watchConnection());
        spawn(watchSilence());
    }
    co_await until([this] { return clientEnd || childStatus || stopping; });
    if (childStatus && !clientEnd)
    {
        // What it wrote before it ended still goes out.
        co_await until([this] { return toClientEnded || clientEnd; },
                       flushGrace);
    }
    auto why = whyClosed();
    if (!clientEnd || clientEnd == ClientEnd::text)
    {
        ++talking;
        spawn(closeWebSocket(why));
    }
    const bool isTheirs = clientEnd == ClientEnd::closed;
    // What came before the end still reaches a child that reads.
    co_await until([this] { return toChild.isEmpty(); }, deliverGrace);
    pipe.close(); // for the child: the end of its input
    co_await endChild();
    if (isTheirs)
    {
        why.code = webSocket->reason().code;
    }
    childGone(
        fmt::format("{} {}", static_cast<unsigned>(why.code),
                    std::string_view(why.reason.data(), why.reason.size())));
    co_await until([this] { return talking == 0; }, closeGrace);
    closeConnection();
    co_await until([this] { return running == 0 && toChild.isEmpty(); });
}

void Session::stop()
{
    stopping = true;
    changed();
}

void Session::spawn(asio::awaitable<void> task)
{
    ++running;
    asio::co_spawn(executor, std::move(task),
                   [this](std::exception_ptr thrown) {
        if (thrown)
        {
            std::rethrow_exception(thrown);
        }
        --running;
        changed();
    });
}

void Session::changed()
{
    change.cancel();
}

/// Waits for @p holds, which is asked again after each changed(). False if
/// @p deadline passed first. Only run() waits, so no change is missed.
asio::awaitable<bool>
    Session::until(std::function<bool()> holds,
                   std::chrono::steady_clock::duration deadline)
{
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (!holds())
    {
        change.expires_at(end);
        auto [error] =
            co_await change.async_wait(asio::as_tuple(asio::use_awaitable));
        if (!error)
        {
            co_return holds();
        }
    }
    co_return true;
}

asio::awaitable<void> Session::watchChild()
{
    const process::ExitStatus status = co_await child.wait();
    log->finish();
    childStatus = status;
}

asio::awaitable<void> Session::copyLines()
{
    co_await log->copy();
}

asio::awaitable<void> Session::fromClient()
{
    const ClientEnd how = co_await websocket::webSocketToSocket(*webSocket,
                                                                toChild);
    clientIs(how);
    --talking;
}

asio::awaitable<void> Session::toClient()
{
    const bool isThere = co_await websocket::socketToWebSocket(pipe,
                                                               *webSocket);
    if (!isThere)
    {
        clientIs(ClientEnd::vanished);
    }
    toClientEnded = true;
}

/// Notices a reset although nobody reads, because the child does not. Asio's
/// own wait_error, while it waits, costs each read two system calls more.
asio::awaitable<void> Session::watchConnection()
{
    const int errors = ::epoll_create1(EPOLL_CLOEXEC);
    if (errors < 0 || isOver)
    {
        co_return; // too many files are open: then silence has to tell
    }
    hangUp.emplace(executor, errors);
    epoll_event event{}; // EPOLLERR and EPOLLHUP come without being asked for
    ::epoll_ctl(errors, EPOLL_CTL_ADD,
                beast::get_lowest_layer(*webSocket).socket().native_handle(),
                &event);
    for (;;)
    {
        auto [error] = co_await hangUp->async_wait(
            asio::posix::stream_descriptor::wait_read,
            asio::as_tuple(asio::use_awaitable));
        if (error)
        {
            co_return;
        }
        // Asio 1.81 may tell of what was another descriptor's, just closed.
        pollfd state{errors, POLLIN, 0};
        if (::poll(&state, 1, 0) == 1)
        {
            clientIs(ClientEnd::vanished);
            co_return;
        }
    }
}

/// Notices a client that is gone without a word. Only silence while we listen
/// counts: a child that does not read is no fault of the client.
asio::awaitable<void> Session::watchSilence()
{
    using Clock = std::chrono::steady_clock;
    websocket::Link& link = beast::get_lowest_layer(*webSocket);
    const Clock::duration half = Clock::duration(options.idle) / 2;
    std::optional<Clock::time_point> asked;
    while (!isOver)
    {
        const auto now = Clock::now();
        const auto since = link.waitingSince();
        const auto silent = since ? now - *since : Clock::duration{};
        if (silent >= options.idle)
        {
            clientIs(ClientEnd::vanished);
            link.close();
            co_return;
        }
        const bool ask = silent >= half;
        if (ask && asked != since)
        {
            asked = since;
            spawn(ping()); // who reads nothing keeps it waiting
        }
        silence.expires_at(now - silent + (ask ? 2 * half : half));
        co_await silence.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

asio::awaitable<void> Session::ping()
{
    co_await webSocket->async_ping({}, asio::as_tuple(asio::use_awaitable));
}

void Session::closeConnection()
{
    isOver = true;
    beast::get_lowest_layer(*webSocket).close();
    silence.cancel();
    if (hangUp)
    {
        boost::system::error_code ignored;
        hangUp->close(ignored);
    }
}

asio::awaitable<void>
    Session::closeWebSocket(beast::websocket::close_reason why)
{
    // A client that has gone meanwhile is closed all the same.
    co_await webSocket->async_close(why, asio::as_tuple(asio::use_awaitable));
    --talking;
}

/// The first to know how the client left is right.
void Session::clientIs(ClientEnd how)
{
    if (!clientEnd)
    {
        clientEnd = how;
        changed();
    }
}

asio::awaitable<void> Session::endChild()
{
    const auto ended = [this] { return childStatus.has_value(); };
    if (!co_await until(ended, options.childGrace))
    {
        child.signal(SIGTERM);
        if (!co_await until(ended, termGrace))
        {
            child.signal(SIGKILL);
            co_await until(ended);
        }
    }
}

beast::websocket::close_reason Session::whyClosed() const
{
    using beast::websocket::close_code;
    if (clientEnd == ClientEnd::text)
    {
        return {close_code::unknown_data,
                "a text message came; NBD needs binary ones"};
    }
    if (clientEnd == ClientEnd::vanished)
    {
        return {close_code::abnormal, "the client vanished"}; // never sent
    }
    if (clientEnd == ClientEnd::violation)
    {
        return {close_code::protocol_error,
                "the client broke the WebSocket protocol"}; // by Beast
    }
    if (clientEnd == ClientEnd::closed)
    {
        return {close_code::normal, "the client closed"}; // theirs to say
    }
    if (stopping)
    {
        return {close_code::going_away, "the server stops"};
    }
    if (childStatus == 0)
    {
        return {close_code::normal, "session ended"};
    }
    const std::string& line = log->lastLine();
    return {close_code::internal_error,
            websocket::closeReason(
                !line.empty() ? line
                              : fmt::format("nbd-proxy exited with status {}",
                                            childStatus.value_or(-1)))};
}

} // namespace vmedia::httpd
