// SPDX-License-Identifier: Apache-2.0
#include "listener.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace vmedia::nbd
{
namespace asio = boost::asio;
namespace fs = std::filesystem;
using Tcp = asio::ip::tcp;
using Unix = asio::local::stream_protocol;

namespace
{

constexpr size_t pathMax = 107; // sun_path, less the NUL

/// Makes room for a socket at @p path, or says why there is none.
Result<void> clearDeadSocket(const asio::any_io_executor& executor,
                             const std::string& path)
{
    std::error_code ignored;
    const fs::file_status there = fs::symlink_status(path, ignored);
    if (!fs::exists(there))
    {
        return {};
    }
    if (!fs::is_socket(there))
    {
        return fail(Errc::usage, path + ": exists and is not a socket",
                    "choose another path, or remove it");
    }
    Unix::socket probe(executor);
    boost::system::error_code error;
    probe.connect(Unix::endpoint(path), error);
    if (error != asio::error::connection_refused)
    {
        return fail(Errc::usage, path + ": another server listens there",
                    "choose another path, or stop that server");
    }
    fs::remove(path, ignored);
    return {};
}

} // namespace

SocketFile::~SocketFile()
{
    if (!file.empty())
    {
        std::error_code ignored;
        fs::remove(file, ignored);
    }
}

Result<UnixListener> listenUnix(const asio::any_io_executor& executor,
                                const std::string& path)
{
    if (path.size() > pathMax)
    {
        return fail(Errc::usage,
                    fmt::format("{}: a socket path holds {} characters, this "
                                "has {}",
                                path, pathMax, path.size()),
                    "choose a shorter path");
    }
    if (Result<void> clear = clearDeadSocket(executor, path); !clear)
    {
        return tl::unexpected(clear.error());
    }
    boost::system::error_code error;
    Unix::acceptor acceptor(executor);
    acceptor.open(Unix(), error);
    if (!error)
    {
        acceptor.bind(Unix::endpoint(path), error);
    }
    if (error)
    {
        return fail(Errc::io, path + ": " + error.message(),
                    "check that the directory exists and is writable");
    }
    SocketFile file(path);
    acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error)
    {
        return fail(Errc::io, path + ": " + error.message());
    }
    return UnixListener{std::move(file), std::move(acceptor)};
}

Tcp::acceptor listenTcp(const asio::any_io_executor& executor,
                        const Tcp::endpoint& endpoint,
                        boost::system::error_code& error)
{
    Tcp::acceptor acceptor(executor);
    acceptor.open(endpoint.protocol(), error);
    if (!error)
    {
        acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
        acceptor.bind(endpoint, error);
    }
    if (!error)
    {
        acceptor.listen(asio::socket_base::max_listen_connections, error);
    }
    return acceptor;
}

Result<Tcp::acceptor> listenTcp(const asio::any_io_executor& executor,
                                const std::string& address, uint16_t port)
{
    boost::system::error_code error;
    const auto ip = asio::ip::make_address(address, error);
    if (error)
    {
        return fail(Errc::usage,
                    fmt::format("'{}' is not an IP address", address),
                    "write 127.0.0.1, 0.0.0.0 or ::1");
    }
    Tcp::acceptor acceptor = listenTcp(executor, {ip, port}, error);
    if (error)
    {
        return fail(
            Errc::io,
            fmt::format("{} port {}: {}", address, port, error.message()),
            error == asio::error::address_in_use
                ? "choose another port, or 0 for a free one"
                : std::string{});
    }
    return acceptor;
}

Unix::acceptor passedUnix(const asio::any_io_executor& executor, int descriptor)
{
    return {executor, Unix(), descriptor};
}

Tcp::acceptor passedTcp(const asio::any_io_executor& executor, int descriptor)
{
    // The family of an acceptor matters only to what opens sockets for it.
    return {executor, Tcp::v6(), descriptor};
}

} // namespace vmedia::nbd
