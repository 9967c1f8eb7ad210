// SPDX-License-Identifier: Apache-2.0
#include "reference_client.hpp"

#include "conformance/ws/target.hpp"
#include "session.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ssl/context.hpp>
#include <boost/json.hpp>

#include <csignal>
#include <iostream>
#include <list>
#include <memory>
#include <mutex>
#include <random>
#include <thread>

namespace conformance::ws
{

using vmedia::Errc;
using vmedia::fail;
using vmedia::Result;

namespace
{

constexpr int redirectionsMax = 3;

/// How a session went.
struct Went
{
    bool well = false;
    uint16_t code = 0;
    Why why{};
    std::string elsewhere{};
};

Result<int> connectTo(const Address& address)
{
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* first = nullptr;
    if (const int wrong = ::getaddrinfo(address.host.c_str(),
                                        std::to_string(address.port).c_str(),
                                        &hints, &first);
        wrong != 0)
    {
        return fail(Errc::io,
                    fmt::format("{}: {}", address.host, ::gai_strerror(wrong)));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(
        first, &::freeaddrinfo);
    int error = 0;
    for (const addrinfo* one = first; one != nullptr; one = one->ai_next)
    {
        const int socket = ::socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC,
                                    0);
        if (::connect(socket, one->ai_addr, one->ai_addrlen) == 0)
        {
            const int on = 1;
            ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
            return socket;
        }
        error = errno;
        ::close(socket);
    }
    return vmedia::failErrno(error, conformance::describe(address));
}

Result<boost::asio::ssl::context> tlsOf(const std::string& authority)
{
    namespace ssl = boost::asio::ssl;
    ssl::context context(ssl::context::tls_client);
    boost::system::error_code wrong;
    context.set_verify_mode(ssl::verify_peer);
    context.load_verify_file(authority, wrong);
    if (wrong)
    {
        return fail(Errc::usage,
                    fmt::format("--ca {}: {}", authority, wrong.message()));
    }
    return context;
}

/// "http" stands for "ws" in a Location.
std::string asWebSocket(std::string url)
{
    return url.starts_with("http") ? "ws" + url.substr(4) : url;
}

class Dialler
{
  public:
    Dialler(const ClientOptions& with, SSL_CTX* context) :
        options(with), tls(context)
    {}

    /// One session, and what it leads to.
    Result<Went> visit(const std::string& url)
    {
        auto went = visitOnce(url);
        for (int i = 0; i < redirectionsMax && went &&
                        options.deviation.follows && !went->elsewhere.empty();
             ++i)
        {
            went = visitOnce(asWebSocket(went->elsewhere));
        }
        if (went && options.deviation.dialsAgain && went->why == Why::vanished)
        {
            went = visitOnce(url);
        }
        if (went && options.deviation.isContent)
        {
            went->well = true;
            went->code = 1000;
        }
        return went;
    }

  private:
    Result<Went> visitOnce(const std::string& url)
    {
        const auto endpoint = parseEndpoint(url);
        if (!endpoint)
        {
            return tl::unexpected(endpoint.error());
        }
        if (endpoint->secure && tls == nullptr)
        {
            return fail(Errc::usage, "no --ca is given for " + url);
        }
        // "no more than one connection in a CONNECTING state"
        std::unique_lock turn(connecting, std::defer_lock);
        if (!options.deviation.connectsAtOnce)
        {
            turn.lock();
        }
        const auto socket = connectTo(endpoint->address);
        if (!socket)
        {
            return tl::unexpected(socket.error());
        }
        Call call = options.call;
        call.host = endpoint->host;
        call.target = endpoint->target;
        auto engine = std::make_unique<ClientEngine>(
            std::move(call), options.terms, options.deviation,
            std::random_device()());
        const ClientEngine& client = *engine;
        const Session::Setup setup{.terms = options.terms,
                                   .deviation = options.deviation,
                                   .command = options.command,
                                   .tls = endpoint->secure ? tls : nullptr,
                                   .slots = &slots,
                                   .settled = [&turn] {
            if (turn.owns_lock())
            {
                turn.unlock();
            }
        }};
        Session session(*socket, setup, ++count, std::move(engine),
                        endpoint->address.host);
        session.run();
        return Went{.well = client.why() == Why::closed &&
                            session.closeCode() == 1000,
                    .code = session.closeCode(),
                    .why = client.why(),
                    .elsewhere = client.elsewhere()};
    }

    const ClientOptions& options;
    SSL_CTX* tls;
    Slots slots{};
    std::mutex connecting{};
    std::atomic<int> count = 0;
};

/// Sessions at the same time, each told when it has ended.
void visitAll(Dialler& dialler)
{
    std::mutex printing;
    std::list<std::thread> threads;
    for (std::string url; std::getline(std::cin, url);)
    {
        threads.emplace_back([&dialler, &printing, url] {
            const auto went = dialler.visit(url);
            const boost::json::object line{
                {"url", url},
                {"code", went && went->code != 0 ? went->code : 1006},
                {"clean", went && went->well},
                {"reason", went ? "" : vmedia::describe(went.error())}};
            const std::lock_guard lock(printing);
            std::cout << boost::json::serialize(line) << std::endl;
        });
    }
    for (std::thread& one : threads)
    {
        one.join();
    }
}

} // namespace

Result<int> dial(const ClientOptions& options)
{
    ::signal(SIGPIPE, SIG_IGN);
    std::optional<boost::asio::ssl::context> tls;
    if (!options.authority.empty())
    {
        auto made = tlsOf(options.authority);
        if (!made)
        {
            return tl::unexpected(made.error());
        }
        tls.emplace(std::move(*made));
    }
    Dialler dialler(options, tls ? tls->native_handle() : nullptr);
    if (options.url.empty())
    {
        visitAll(dialler);
        return 0;
    }
    const auto went = dialler.visit(options.url);
    if (!went)
    {
        return tl::unexpected(went.error());
    }
    return went->well ? 0 : 1;
}

} // namespace conformance::ws
