// SPDX-License-Identifier: Apache-2.0
#include "reference_server.hpp"

#include "session.hpp"
#include "vmedia/httpd/endpoint.hpp"
#include "vmedia/httpd/tls_context.hpp"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <list>
#include <thread>

namespace conformance::ws
{

using vmedia::Errc;
using vmedia::fail;
using vmedia::failErrno;
using vmedia::Result;

namespace
{

constexpr size_t clientsMax = 64;

/// Readable once we have to stop; never read, so that all see it.
std::atomic<int> stopEvent = -1;

void onSignal(int /*number*/)
{
    const uint64_t one = 1;
    const int before = errno;
    (void)!::write(stopEvent, &one, sizeof(one));
    errno = before;
}

void watchSignals()
{
    stopEvent = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct sigaction action{};
    action.sa_handler = onSignal; // NOLINT: a union in C
    ::sigaction(SIGTERM, &action, nullptr);
    ::sigaction(SIGINT, &action, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
}

/// A socket that listens, and the file that it is, if it is one.
class Listener
{
  public:
    Listener() = default;
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener()
    {
        ::close(descriptor);
        if (!file.empty())
        {
            ::unlink(file.c_str());
        }
    }

    Result<std::string> open(const ServerOptions& options);

    int descriptor = -1;

  private:
    Result<std::string> openFile(const std::string& path);

    std::string file{};
};

Result<std::string> Listener::openFile(const std::string& path)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path))
    {
        return fail(Errc::usage,
                    fmt::format("--unix {} has {} bytes; 107 is the most", path,
                                path.size()));
    }
    path.copy(address.sun_path, path.size());
    descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // NOLINTNEXTLINE: as sockets want it
    if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&address),
               sizeof(address)) != 0)
    {
        return failErrno(errno, fmt::format("--unix {}", path));
    }
    file = path;
    return fmt::format("unix:{}", path);
}

Result<std::string> Listener::open(const ServerOptions& options)
{
    std::string where;
    if (!options.socket.empty())
    {
        auto opened = openFile(options.socket);
        if (!opened)
        {
            return opened;
        }
        where = std::move(*opened);
    }
    else
    {
        auto endpoint = vmedia::httpd::parseEndpoint(options.listen);
        if (!endpoint)
        {
            return tl::unexpected(endpoint.error());
        }
        descriptor = ::socket(endpoint->protocol().family(),
                              SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int on = 1;
        ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        auto length = static_cast<socklen_t>(endpoint->size());
        if (::bind(descriptor, endpoint->data(), length) != 0)
        {
            return failErrno(errno, fmt::format("--listen {}", options.listen));
        }
        length = static_cast<socklen_t>(endpoint->capacity());
        ::getsockname(descriptor, endpoint->data(), &length);
        where = fmt::format(
            "{}://{}{}{}:{}/", options.certificate.empty() ? "ws" : "wss",
            endpoint->address().is_v6() ? "[" : "",
            endpoint->address().to_string(),
            endpoint->address().is_v6() ? "]" : "", endpoint->port());
    }
    if (::listen(descriptor, SOMAXCONN) != 0)
    {
        return failErrno(errno, fmt::format("listening on {}", where));
    }
    return where;
}

struct Client
{
    std::atomic<bool> done = false;
    std::thread thread{};
};

/// Takes clients until we have to stop, and then waits for them all.
void acceptAll(int listener, const Session::Setup& setup)
{
    std::list<Client> clients;
    const auto reap = [&clients](bool all) {
        clients.remove_if([all](Client& one) {
            const bool ends = all || one.done;
            if (ends)
            {
                one.thread.join();
            }
            return ends;
        });
    };
    for (int number = 1;;)
    {
        std::array<pollfd, 2> watched{pollfd{listener, POLLIN, 0},
                                      pollfd{stopEvent, POLLIN, 0}};
        if (::poll(watched.data(), watched.size(), -1) < 0)
        {
            continue;
        }
        if (watched[1].revents != 0)
        {
            break;
        }
        const int socket = ::accept4(listener, nullptr, nullptr,
                                     SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (socket < 0)
        {
            continue;
        }
        reap(false);
        if (clients.size() >= clientsMax)
        {
            fmt::print(stderr, "{} clients are enough: one more is closed\n",
                       clientsMax);
            ::close(socket);
            continue;
        }
        const int on = 1;
        ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        Client& client = clients.emplace_back();
        client.thread = std::thread([&setup, &client, socket, number] {
            Session(socket, setup, number).run();
            client.done = true;
        });
        ++number;
    }
    reap(true);
}

} // namespace

Result<void> serve(const ServerOptions& options)
{
    std::optional<boost::asio::ssl::context> tls;
    if (!options.certificate.empty())
    {
        auto made = vmedia::httpd::tlsContext(options.certificate, options.key);
        if (!made)
        {
            return tl::unexpected(made.error());
        }
        tls.emplace(std::move(*made));
        if (!options.clientAuthority.empty())
        {
            if (::SSL_CTX_load_verify_locations(tls->native_handle(),
                                                options.clientAuthority.c_str(),
                                                nullptr) != 1)
            {
                return fail(Errc::usage,
                            fmt::format("--client-ca {}: {}",
                                        options.clientAuthority,
                                        vmedia::tls::takeReason()));
            }
            ::SSL_CTX_set_verify(
                tls->native_handle(),
                SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
        }
        if (options.deviation.tls)
        {
            options.deviation.tls(tls->native_handle());
        }
    }
    watchSignals();
    Listener listener;
    const auto where = listener.open(options);
    if (!where)
    {
        return tl::unexpected(where.error());
    }
    fmt::print("listening on {}\n", *where);
    std::fflush(stdout);
    Slots slots;
    acceptAll(listener.descriptor, {.terms = options.terms,
                                    .deviation = options.deviation,
                                    .command = options.command,
                                    .tls = tls ? tls->native_handle() : nullptr,
                                    .stop = stopEvent,
                                    .slots = &slots});
    return {};
}

} // namespace conformance::ws
