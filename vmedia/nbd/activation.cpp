// SPDX-License-Identifier: Apache-2.0
#include "activation.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <charconv>
#include <cstdlib>

namespace vmedia::nbd
{
namespace asio = boost::asio;

namespace
{

constexpr int firstPassed = 3; // SD_LISTEN_FDS_START

/// The number in an environment variable, which is taken away; 0 if there is
/// none.
long takeNumber(const char* name)
{
    const char* text = std::getenv(name);
    long number = 0;
    if (text != nullptr)
    {
        const std::string_view digits(text);
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
        ::unsetenv(name);
    }
    return number;
}

int socketOption(int descriptor, int name)
{
    int value = -1;
    socklen_t size = sizeof value;
    return ::getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0
               ? value
               : -1;
}

/// What the socket is bound to, by Asio's own idea of an endpoint.
template <typename Protocol>
typename Protocol::endpoint boundTo(int descriptor)
{
    typename Protocol::endpoint endpoint;
    auto size = static_cast<socklen_t>(endpoint.capacity());
    if (::getsockname(descriptor, endpoint.data(), &size) == 0)
    {
        endpoint.resize(size);
    }
    return endpoint;
}

} // namespace

Result<std::optional<Endpoint>> passedEndpoint()
{
    const long process = takeNumber("LISTEN_PID");
    const long count = takeNumber("LISTEN_FDS");
    ::unsetenv("LISTEN_FDNAMES");
    if (process != ::getpid() || count == 0)
    {
        return std::nullopt; // they were meant for somebody before us
    }
    if (count != 1)
    {
        return fail(
            Errc::usage,
            fmt::format("LISTEN_FDS={}: one socket can be served", count),
            "write one Listen line in the .socket unit");
    }
    const auto refused = [](std::string_view why) {
        return fail(
            Errc::usage,
            fmt::format("LISTEN_FDS: descriptor {} {}", firstPassed, why),
            "pass one listening stream socket: ListenStream=, and not "
            "Accept=yes");
    };
    if (socketOption(firstPassed, SO_TYPE) != SOCK_STREAM)
    {
        return refused("is no stream socket");
    }
    if (socketOption(firstPassed, SO_ACCEPTCONN) != 1)
    {
        return refused("does not listen");
    }
    ::fcntl(firstPassed, F_SETFD, FD_CLOEXEC);
    Endpoint endpoint;
    endpoint.passed = firstPassed;
    switch (socketOption(firstPassed, SO_DOMAIN))
    {
        case AF_UNIX:
            endpoint.unixSocket =
                boundTo<asio::local::stream_protocol>(firstPassed).path();
            return endpoint;
        case AF_INET:
        case AF_INET6:
        {
            const auto bound = boundTo<asio::ip::tcp>(firstPassed);
            endpoint.address = bound.address().to_string();
            endpoint.port = bound.port();
            return endpoint;
        }
        default:
            return refused("is neither a unix nor a TCP socket");
    }
}

} // namespace vmedia::nbd
