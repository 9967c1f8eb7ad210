// SPDX-License-Identifier: Apache-2.0
#include "relay.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <cerrno>
#include <utility>
#include <vector>

namespace vmedia::proxy
{

namespace asio = boost::asio;
using boost::system::error_code;

namespace
{

// An NBD request of 128 KiB, the kernel's default maximum, in two pieces.
constexpr size_t bufferSize = size_t{128} << 10;

/// Nobody is at the other end any more. A unix socket says ECONNRESET when
/// its peer went with bytes unread, a terminal EIO when it was hung up.
bool isGone(const error_code& error)
{
    return error == asio::error::eof || error == asio::error::broken_pipe ||
           error == asio::error::connection_reset ||
           error == error_code(EIO, boost::system::system_category());
}

} // namespace

Result<asio::posix::stream_descriptor>
    Relay::copyOf(const asio::any_io_executor& executor, int descriptor,
                  const char* name)
{
    struct stat status{};
    if (::fstat(descriptor, &status) != 0)
    {
        return failErrno(errno, name);
    }
    const bool fits = S_ISSOCK(status.st_mode) || S_ISFIFO(status.st_mode) ||
                      (S_ISCHR(status.st_mode) && ::isatty(descriptor) == 1);
    if (!fits)
    {
        return fail(
            Errc::usage,
            fmt::format("{} is {}, wanted a socket, a pipe or a terminal", name,
                        S_ISREG(status.st_mode) ? "a regular file"
                                                : "a device"),
            "connect it to an NBD server, as websocketd or vmedia-httpd do");
    }
    const int copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
    if (copy < 0)
    {
        return failErrno(errno, name);
    }
    return asio::posix::stream_descriptor(executor, copy);
}

Result<Relay> Relay::open(const asio::any_io_executor& executor, int input,
                          int output, Tell tell)
{
    const Borrowed first{input, ::fcntl(input, F_GETFL)};
    const Borrowed second{output, ::fcntl(output, F_GETFL)};
    auto in = copyOf(executor, input, "standard input");
    if (!in)
    {
        return tl::unexpected(in.error());
    }
    auto out = copyOf(executor, output, "standard output");
    if (!out)
    {
        return tl::unexpected(out.error());
    }
    return Relay(std::move(*in), std::move(*out), first, second,
                 std::move(tell));
}

Relay::Relay(asio::posix::stream_descriptor in,
             asio::posix::stream_descriptor out, Borrowed first,
             Borrowed second, Tell t) :
    input(std::move(in)), output(std::move(out)), borrowed{first, second},
    client(input.get_executor()), connected(input.get_executor()),
    tell(std::move(t))
{
    connected.expires_at(asio::steady_timer::time_point::max());
}

Relay::~Relay()
{
    if (!tell) // moved from
    {
        return;
    }
    for (const Borrowed& one : borrowed)
    {
        if (one.flags >= 0)
        {
            ::fcntl(one.descriptor, F_SETFL, one.flags);
        }
    }
}

void Relay::connect(asio::local::stream_protocol::socket socket)
{
    client = std::move(socket);
    connected.cancel();
}

asio::awaitable<void> Relay::inputToClient()
{
    std::vector<char> buffer(bufferSize);
    for (;;)
    {
        auto [error, size] = co_await input.async_read_some(
            asio::buffer(buffer), asio::as_tuple(asio::use_awaitable));
        if (error == asio::error::operation_aborted)
        {
            co_return;
        }
        if (error)
        {
            isGone(error)
                ? endOfInput()
                : tell({Event::What::relayFailed, 0,
                        fmt::format("standard input: {}", error.message())});
            co_return;
        }
        if (!client.is_open())
        {
            co_await connected.async_wait(asio::as_tuple(asio::use_awaitable));
        }
        auto [failure, written] = co_await asio::async_write(
            client, asio::buffer(buffer.data(), size),
            asio::as_tuple(asio::use_awaitable));
        if (failure == asio::error::operation_aborted || inputEnded)
        {
            co_return;
        }
        if (failure)
        {
            isGone(failure) ? tell({Event::What::clientHungUp})
                            : tell({Event::What::relayFailed, 0,
                                    fmt::format("nbd-client's socket: {}",
                                                failure.message())});
            co_return;
        }
    }
}

asio::awaitable<void> Relay::clientToOutput()
{
    std::vector<char> buffer(bufferSize);
    bool isRead = true;
    for (;;)
    {
        auto [error, size] = co_await client.async_read_some(
            asio::buffer(buffer), asio::as_tuple(asio::use_awaitable));
        if (error)
        {
            if (isGone(error))
            {
                tell({Event::What::clientHungUp});
            }
            else if (error != asio::error::operation_aborted)
            {
                tell({Event::What::relayFailed, 0,
                      fmt::format("nbd-client's socket: {}", error.message())});
            }
            co_return;
        }
        if (!isRead)
        {
            continue;
        }
        auto [failure, written] = co_await asio::async_write(
            output, asio::buffer(buffer.data(), size),
            asio::as_tuple(asio::use_awaitable));
        if (failure == asio::error::operation_aborted)
        {
            co_return;
        }
        if (failure)
        {
            isRead = false;
            isGone(failure)
                ? endOfInput() // it cannot answer what it does not hear
                : tell({Event::What::relayFailed, 0,
                        fmt::format("standard output: {}", failure.message())});
        }
    }
}

void Relay::endOfInput()
{
    if (!std::exchange(inputEnded, true))
    {
        error_code ignored;
        client.shutdown(asio::socket_base::shutdown_send, ignored);
        tell({Event::What::farEndClosed});
    }
}

void Relay::close()
{
    error_code ignored;
    connected.cancel();
    input.close(ignored);
    output.close(ignored);
    client.close(ignored);
}

} // namespace vmedia::proxy
