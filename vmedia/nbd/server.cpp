// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include "descriptor_stream.hpp"
#include "listener.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <list>
#include <optional>
#include <thread>
#include <vector>

namespace vmedia::nbd
{
namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using Unix = asio::local::stream_protocol;

namespace
{

void rethrow(std::exception_ptr error)
{
    if (error)
    {
        std::rethrow_exception(error); // a broken promise of our own
    }
}

/// A client and the thread that serves it. Made and destroyed on the server's
/// executor, which stays busy until it goes.
struct Connection
{
    Connection(const asio::any_io_executor& executor, int connected,
               uint64_t count) :
        socket(connected), number(count), working(executor), deadline(executor)
    {}
    ~Connection()
    {
        if (thread.joinable())
        {
            thread.join();
        }
        ::close(socket);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Ends what the thread waits for.
    void end() const
    {
        ::shutdown(socket, SHUT_RDWR);
    }

    int socket;
    uint64_t number;
    std::atomic<bool> negotiated = false;
    asio::executor_work_guard<asio::any_io_executor> working;
    asio::steady_timer deadline; ///< for negotiation
    std::thread thread{};
};

template <typename Protocol>
class Accepting : public Server
{
  public:
    using Socket = typename Protocol::socket;
    using Acceptor = typename Protocol::acceptor;

    Accepting(Acceptor opened, Catalogue& offer, ServerOptions with,
              SocketFile file) :
        socketFile(std::move(file)), acceptor(std::move(opened)),
        grace(acceptor.get_executor()), catalogue(offer),
        options(std::move(with))
    {
        options.session.stopping = &stopping;
    }

    Endpoint endpoint() const override
    {
        const auto local = acceptor.local_endpoint();
        if constexpr (std::is_same_v<Protocol, Unix>)
        {
            return {local.path()};
        }
        else
        {
            return {{}, local.address().to_string(), local.port()};
        }
    }

    void start() override
    {
        asio::co_spawn(acceptor.get_executor(), accept(), rethrow);
    }

    void stop() override
    {
        asio::post(acceptor.get_executor(), [this] {
            stopping = true;
            acceptor.close();
            if (connections.empty())
            {
                return;
            }
            // Requests in hand are finished, later ones refused; then it is
            // over, also for clients that say nothing.
            grace.expires_after(options.grace);
            grace.async_wait([this](boost::system::error_code error) {
                for (const Connection& each : connections)
                {
                    if (!error)
                    {
                        each.end();
                    }
                }
            });
        });
    }

  private:
    using Place = std::list<Connection>::iterator;

    asio::awaitable<void> accept()
    {
        while (!stopping)
        {
            boost::system::error_code error;
            Socket socket(acceptor.get_executor());
            co_await acceptor.async_accept(
                socket, asio::redirect_error(asio::use_awaitable, error));
            if (stopping || error == asio::error::operation_aborted)
            {
                co_return;
            }
            if (error)
            {
                // Out of descriptors, or gone before we came: the others
                // must not suffer, nor a core spin until one ends.
                log({Refused{fmt::format("accept: {}", error.message())}});
                asio::steady_timer pause(acceptor.get_executor(),
                                         std::chrono::milliseconds(100));
                co_await pause.async_wait(
                    asio::redirect_error(asio::use_awaitable, error));
                continue;
            }
            if (!hasRoom())
            {
                log({Refused{fmt::format("{} are connected, which is the "
                                         "limit",
                                         connections.size())}});
                continue;
            }
            if constexpr (std::is_same_v<Protocol, Tcp>)
            {
                socket.set_option(Tcp::no_delay(true), error);
            }
            begin(socket.release());
        }
    }

    /// A client that has hung up takes no place, though its thread may have
    /// to finish something first; but of those there are no more than places.
    bool hasRoom() const
    {
        const size_t places = options.connections;
        if (connections.size() < places)
        {
            return true;
        }
        if (connections.size() >= 2 * places)
        {
            return false;
        }
        std::vector<pollfd> sockets;
        for (const Connection& each : connections)
        {
            sockets.push_back({each.socket, POLLRDHUP, 0});
        }
        ::poll(sockets.data(), sockets.size(), 0);
        return std::ranges::count(sockets, 0, &pollfd::revents) <
               static_cast<std::ptrdiff_t>(places);
    }

    void begin(int socket)
    {
        connections.emplace_back(acceptor.get_executor(), socket, ++accepted);
        const Place place = std::prev(connections.end());
        place->deadline.expires_after(options.negotiationDeadline);
        place->deadline.async_wait(
            [this, place](boost::system::error_code error) {
            if (!error && !place->negotiated)
            {
                log({TimedOut{options.negotiationDeadline}, place->number});
                place->end();
            }
        });
        try
        {
            place->thread = std::thread([this, place] {
                serveAndEnd(*place);
                asio::post(acceptor.get_executor(),
                           [this, place] { finish(place); });
            });
        }
        catch (const std::system_error& error)
        {
            log({Refused{error.what()}});
            finish(place);
        }
    }

    void finish(Place place)
    {
        connections.erase(place); // its timer with it
        if (stopping && connections.empty())
        {
            grace.cancel();
        }
    }

    /// On the connection's own thread, from beginning to end.
    void converse(Connection& connection)
    {
        using Clock = std::chrono::steady_clock;
        const Clock::time_point began = Clock::now();
        const uint64_t number = connection.number;
        log({Connected{}, number});
        SessionOptions mine = options.session;
        mine.log = [this, number](const Event& event) {
            log({event.what, number, event.time});
        };
        Ended ended;
        Traffic traffic;
        {
            DescriptorStream stream(connection.socket, options.tls);
            mine.negotiated = [this, number, &connection, &stream] {
                connection.negotiated = true;
                if (std::string security = stream.security(); !security.empty())
                {
                    log({Secured{std::move(security)}, number});
                }
            };
            asio::io_context own(1);
            asio::co_spawn(own, serve(stream, catalogue, traffic, mine),
                           [&ended, &mine](std::exception_ptr error,
                                           Result<SessionEnd> end) {
                rethrow(std::move(error));
                if (end)
                {
                    ended.how = *end;
                }
                else
                {
                    ended.error = std::move(end.error());
                    if (mine.deviation.failed)
                    {
                        mine.deviation.failed(*ended.error);
                    }
                }
            });
            own.run();
        } // the stream has said goodbye
        ended.requests = traffic.requests;
        ended.readBytes = traffic.readBytes;
        ended.writtenBytes = traffic.writtenBytes;
        ended.duration = std::chrono::duration_cast<std::chrono::milliseconds>(
            Clock::now() - began);
        log({std::move(ended), number});
    }

    void serveAndEnd(Connection& connection)
    {
        converse(connection);
        connection.end();
    }

    void log(const Event& event)
    {
        if (options.session.log)
        {
            options.session.log(event);
        }
    }

    SocketFile socketFile; ///< removed last
    Acceptor acceptor;
    asio::steady_timer grace;
    Catalogue& catalogue;
    ServerOptions options;
    std::list<Connection> connections;
    uint64_t accepted = 0;
    std::atomic<bool> stopping = false;
};

} // namespace

Result<std::unique_ptr<Server>>
    Server::listen(const asio::any_io_executor& executor, Catalogue& catalogue,
                   ServerOptions options)
{
    const auto make = [&](auto acceptor, SocketFile file = {}) {
        using Protocol = typename decltype(acceptor)::protocol_type;
        return std::unique_ptr<Server>(std::make_unique<Accepting<Protocol>>(
            std::move(acceptor), catalogue, std::move(options),
            std::move(file)));
    };
    const Endpoint endpoint = options.endpoint;
    if (endpoint.passed >= 0)
    {
        if (endpoint.unixSocket.empty())
        {
            return make(passedTcp(executor, endpoint.passed));
        }
        return make(passedUnix(executor, endpoint.passed));
    }
    if (!endpoint.unixSocket.empty())
    {
        auto opened = listenUnix(executor, endpoint.unixSocket);
        if (!opened)
        {
            return tl::unexpected(opened.error());
        }
        return make(std::move(opened->acceptor), std::move(opened->file));
    }
    auto acceptor = listenTcp(executor, endpoint.address, endpoint.port);
    if (!acceptor)
    {
        return tl::unexpected(acceptor.error());
    }
    return make(std::move(*acceptor));
}

} // namespace vmedia::nbd
