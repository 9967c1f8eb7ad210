// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include "listener.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <chrono>
#include <exception>
#include <list>

namespace vmedia::nbd
{
namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using Unix = asio::local::stream_protocol;

namespace
{

template <typename Protocol>
class Listening : public Server
{
  public:
    using Socket = typename Protocol::socket;
    using Acceptor = typename Protocol::acceptor;

    Listening(Acceptor opened, Catalogue& offer, ServerOptions with,
              SocketFile file) :
        socketFile(std::move(file)),
        strand(asio::make_strand(opened.get_executor())),
        acceptor(std::move(opened)), catalogue(offer), options(std::move(with))
    {}

    std::string uri() const override
    {
        if constexpr (std::is_same_v<Protocol, Unix>)
        {
            return "nbd+unix:///?socket=" + socketFile.path();
        }
        else
        {
            return fmt::format("nbd://{}",
                               fmt::streamed(acceptor.local_endpoint()));
        }
    }

    void start() override
    {
        asio::co_spawn(strand, accept(), rethrow);
    }

    void stop() override
    {
        asio::post(strand, [this] {
            stopping = true;
            acceptor.close();
            for (const auto& each : connections)
            {
                close(each);
            }
        });
    }

    const Traffic& traffic() const override
    {
        return counters;
    }

  private:
    /// A session that runs; listed in `connections`, on the server's strand.
    struct Connection
    {
        Socket socket;
        uint64_t number;
    };
    using Shared = std::shared_ptr<Connection>;

    /// The socket belongs to its own strand: shutting it down from there
    /// wakes the session with an end of file.
    static void close(const Shared& connection)
    {
        asio::post(connection->socket.get_executor(), [connection] {
            boost::system::error_code ignored;
            connection->socket.shutdown(Socket::shutdown_both, ignored);
        });
    }

    static void rethrow(std::exception_ptr error)
    {
        if (error)
        {
            std::rethrow_exception(error); // a broken promise of our own
        }
    }

    asio::awaitable<void> accept()
    {
        while (!stopping)
        {
            boost::system::error_code error;
            Socket socket(asio::make_strand(acceptor.get_executor()));
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
                log(fmt::format("accept: {}", error.message()));
                asio::steady_timer pause(strand,
                                         std::chrono::milliseconds(100));
                co_await pause.async_wait(
                    asio::redirect_error(asio::use_awaitable, error));
                continue;
            }
            if (connections.size() >= options.connections)
            {
                log(fmt::format("a client was refused: {} are connected, "
                                "which is the limit",
                                connections.size()));
                continue;
            }
            if constexpr (std::is_same_v<Protocol, Tcp>)
            {
                socket.set_option(Tcp::no_delay(true), error);
            }
            const auto connection = std::make_shared<Connection>(
                Connection{std::move(socket), ++accepted});
            connections.push_back(connection);
            asio::co_spawn(connection->socket.get_executor(),
                           converse(connection), rethrow);
        }
    }

    asio::awaitable<void> converse(Shared connection)
    {
        SessionOptions mine = options.session;
        const uint64_t number = connection->number;
        mine.log = [this, number](const std::string& line) {
            log(fmt::format("client {}: {}", number, line));
        };
        SocketStream<Socket> stream(connection->socket);
        const Result<SessionEnd> end = co_await serve(stream, catalogue,
                                                      counters, mine);
        if (!end)
        {
            mine.log(describe(end.error()));
        }
        boost::system::error_code ignored;
        connection->socket.shutdown(Socket::shutdown_both, ignored);
        connection->socket.close(ignored);
        asio::post(strand,
                   [this, connection] { connections.remove(connection); });
    }

    void log(const std::string& line)
    {
        if (options.session.log)
        {
            options.session.log(line);
        }
    }

    SocketFile socketFile; ///< removed last
    asio::strand<asio::any_io_executor> strand;
    Acceptor acceptor;
    Catalogue& catalogue;
    ServerOptions options;
    Traffic counters;
    std::list<Shared> connections;
    uint64_t accepted = 0;
    bool stopping = false;
};

} // namespace

Result<std::unique_ptr<Server>>
    Server::listen(const asio::any_io_executor& executor, Catalogue& catalogue,
                   ServerOptions options)
{
    if (!options.endpoint.unixSocket.empty())
    {
        auto opened = listenUnix(executor, options.endpoint.unixSocket);
        if (!opened)
        {
            return tl::unexpected(opened.error());
        }
        return std::make_unique<Listening<Unix>>(std::move(opened->acceptor),
                                                 catalogue, std::move(options),
                                                 std::move(opened->file));
    }
    auto acceptor = listenTcp(executor, options.endpoint.address,
                              options.endpoint.port);
    if (!acceptor)
    {
        return tl::unexpected(acceptor.error());
    }
    return std::make_unique<Listening<Tcp>>(std::move(*acceptor), catalogue,
                                            std::move(options), SocketFile{});
}

} // namespace vmedia::nbd
