// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include "exchange.hpp"
#include "vmedia/nbd/listener.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>

#include <algorithm>
#include <csignal>
#include <set>

namespace vmedia::httpd
{

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using websocket::Link;
using namespace std::chrono_literals;

namespace
{

constexpr auto requestDeadline = 15s; // TLS, request, password and answer
constexpr auto acceptBackOff = 100ms; // when we are out of descriptors
constexpr size_t connectionsMax = 64;

class Server
{
  public:
    Server(const ServerOptions& o, std::optional<asio::ssl::context> t,
           Users u) :
        options(o), tls(std::move(t)), verifier(std::move(u)),
        acceptor(context), signals(context, SIGTERM, SIGINT)
    {
        for (const std::string& name : options.slots)
        {
            slots.push_back({name, false});
        }
    }

    Result<void> listen();
    void run();

  private:
    asio::awaitable<void> acceptAll();
    asio::awaitable<void> watchSignals();
    asio::awaitable<void> serve(tcp::socket socket);
    asio::awaitable<void> serveRequest(Link& stream);
    asio::awaitable<Decision> authorize(const RequestParser& parser,
                                        std::string& user);
    asio::awaitable<void> open(Link& stream, const Decision& decision,
                               std::string leftover,
                               const RequestParser& parser,
                               const std::string& user);
    void setInUse(const std::string& slot, bool inUse);
    void spawn(asio::awaitable<void> task);

    asio::io_context context{1};
    const ServerOptions& options;
    std::optional<asio::ssl::context> tls; ///< none: in the clear
    Verifier verifier;
    tcp::acceptor acceptor;
    asio::signal_set signals;
    std::vector<SlotView> slots{};
    size_t connections = 0;
    bool stopping = false;
    std::set<Link*> requests{}; ///< not yet a session
    std::set<Session*> sessions{};
};

Result<void> Server::listen()
{
    boost::system::error_code error;
    acceptor = nbd::listenTcp(context.get_executor(), options.listen, error);
    if (error)
    {
        return failErrno(
            error.value(),
            fmt::format("listening on {}", fmt::streamed(options.listen)),
            "--listen names another address; port 0 is a free "
            "one");
    }
    std::string paths;
    for (const SlotView& slot : slots)
    {
        paths += " /nbd/" + slot.name;
    }
    fmt::print(stderr, "vmedia-httpd: listening on {}://{}, slots{}\n",
               tls ? "https" : "http", fmt::streamed(acceptor.local_endpoint()),
               paths);
    return {};
}

void Server::run()
{
    spawn(watchSignals());
    spawn(acceptAll());
    context.run();
}

void Server::spawn(asio::awaitable<void> task)
{
    asio::co_spawn(context, std::move(task), [](std::exception_ptr thrown) {
        if (thrown)
        {
            std::rethrow_exception(thrown);
        }
    });
}

asio::awaitable<void> Server::watchSignals()
{
    co_await signals.async_wait(asio::as_tuple(asio::use_awaitable));
    stopping = true;
    acceptor.close();
    for (Link* request : requests)
    {
        request->close();
    }
    for (Session* session : sessions)
    {
        session->stop();
    }
}

asio::awaitable<void> Server::acceptAll()
{
    while (acceptor.is_open())
    {
        auto [error, socket] =
            co_await acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
        if (!error)
        {
            if (connections < connectionsMax)
            {
                spawn(serve(std::move(socket)));
            }
        }
        else if (acceptor.is_open())
        {
            asio::steady_timer timer(context, acceptBackOff);
            co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
        }
    }
}

asio::awaitable<void> Server::serve(tcp::socket socket)
{
    ++connections;
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    Link stream(std::move(socket), tls ? tls->native_handle() : nullptr);
    stream.expiresAfter(requestDeadline);
    requests.insert(&stream);
    const boost::system::error_code error = co_await stream.handshake();
    if (!error)
    {
        co_await serveRequest(stream);
    }
    requests.erase(&stream);
    --connections;
}

asio::awaitable<void> Server::serveRequest(Link& stream)
{
    beast::flat_buffer buffer(bufferMax);
    RequestParser parser;
    const std::optional<Decision> got = co_await readRequest(stream, buffer,
                                                             parser);
    if (!got)
    {
        co_return;
    }
    if (got->status != 200)
    {
        co_await answer(stream, *got, false);
        co_return;
    }
    std::string user;
    Decision decision = co_await authorize(parser, user);
    if (stopping)
    {
        co_return;
    }
    if (decision.status == 200)
    {
        // Nothing may come between this and taking the slot in open().
        decision = decide(viewOf(parser), slots);
    }
    if (decision.status == 101)
    {
        co_await open(stream, decision, beast::buffers_to_string(buffer.data()),
                      parser, user);
        co_return;
    }
    co_await answer(stream, decision,
                    parser.get().method() == http::verb::head);
}

/// 200 for a user who is known, and then @p user says who.
asio::awaitable<Decision> Server::authorize(const RequestParser& parser,
                                            std::string& user)
{
    auto credentials = parseBasic(parser.get()[http::field::authorization]);
    if (!credentials)
    {
        co_return Decision{401, "no credentials came; send Basic ones"};
    }
    user = credentials->name;
    switch (co_await verifier.verify(std::move(*credentials)))
    {
        case Verifier::Answer::yes:
            co_return Decision{200};
        case Verifier::Answer::busy:
            co_return Decision{503, "too many passwords are being checked; "
                                    "try again in a second"};
        case Verifier::Answer::no:
            break;
    }
    co_return Decision{401, "no such user, or another password; try again"};
}

asio::awaitable<void> Server::open(Link& stream, const Decision& decision,
                                   std::string leftover,
                                   const RequestParser& parser,
                                   const std::string& user)
{
    auto session = Session::start(context.get_executor(), options.session,
                                  decision.slot);
    if (!session)
    {
        fmt::print(stderr, "vmedia-httpd: slot {}: {}\n", decision.slot,
                   describe(session.error()));
        const Decision cannot{500,
                              fmt::format("nbd-proxy cannot be started: {}; "
                                          "see the server's log",
                                          session.error().what)};
        co_await answer(stream, cannot, false);
        co_return;
    }
    setInUse(decision.slot, true);
    requests.erase(&stream);
    sessions.insert(session->get());
    fmt::print(stderr, "vmedia-httpd: slot {} opened by {}\n", decision.slot,
               user);
    const Session::ChildGone free =
        [this, slot = decision.slot](const std::string& why) {
        setInUse(slot, false);
        fmt::print(stderr, "vmedia-httpd: slot {} is free again: {}\n", slot,
                   why);
    };
    // Beast looks only at the first field of a name; we have seen them all.
    RequestParser::value_type request = parser.get();
    request.set(http::field::connection, "Upgrade");
    request.set(http::field::upgrade, "websocket");
    co_await (*session)->run(std::move(stream), std::move(leftover),
                             std::move(request), free);
    sessions.erase(session->get());
}

void Server::setInUse(const std::string& slot, bool inUse)
{
    std::ranges::find(slots, slot, &SlotView::name)->inUse = inUse;
}

} // namespace

Result<void> runServer(const ServerOptions& options,
                       std::optional<asio::ssl::context> tls, Users users)
{
    ::signal(SIGPIPE, SIG_IGN); // a child that ended is an event, not our end
    Server server(options, std::move(tls), std::move(users));
    if (Result<void> listening = server.listen(); !listening)
    {
        return listening;
    }
    server.run();
    return {};
}

} // namespace vmedia::httpd
