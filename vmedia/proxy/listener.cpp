// SPDX-License-Identifier: Apache-2.0
#include "listener.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <charconv>
#include <csignal>
#include <filesystem>
#include <utility>

namespace vmedia::proxy
{

namespace asio = boost::asio;
namespace fs = std::filesystem;
using unix_stream = asio::local::stream_protocol;

namespace
{

constexpr size_t pathMax = 107; // sun_path, less the NUL

/// The process in "nbd.PID.sock"; 0 for any other name.
pid_t ownerOf(std::string_view name)
{
    if (!name.starts_with("nbd.") || !name.ends_with(".sock"))
    {
        return 0;
    }
    name.remove_prefix(4);
    name.remove_suffix(5);
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(),
                                              name.data() + name.size(), pid);
    return error == std::errc{} && end == name.data() + name.size() ? pid : 0;
}

void removeStale(const std::string& directory)
{
    std::error_code ignored; // what cannot be removed does not hinder us
    for (const fs::directory_entry& entry :
         fs::directory_iterator(directory, ignored))
    {
        const pid_t owner = ownerOf(entry.path().filename().string());
        // Our own number: a process that had it before us.
        const bool gone = owner > 0 &&
                          (owner == ::getpid() ||
                           (::kill(owner, 0) != 0 && errno == ESRCH));
        if (gone && entry.is_socket(ignored))
        {
            fs::remove(entry.path(), ignored);
        }
    }
}

} // namespace

Result<Listener> Listener::open(const asio::any_io_executor& executor,
                                const std::string& directory)
{
    std::string path = fmt::format("{}/nbd.{}.sock", directory, ::getpid());
    if (path.size() > pathMax)
    {
        return fail(Errc::usage,
                    fmt::format("the socket's path {} has {} characters, at "
                                "most {} fit",
                                path, path.size(), pathMax),
                    "give a shorter --run-directory");
    }
    removeStale(directory);
    unix_stream::acceptor acceptor(executor);
    boost::system::error_code error;
    acceptor.open(unix_stream(), error);
    if (!error)
    {
        const mode_t before = ::umask(0177); // for our user alone
        acceptor.bind(unix_stream::endpoint(path), error);
        ::umask(before);
    }
    if (!error)
    {
        acceptor.listen(1, error);
    }
    if (error)
    {
        return failErrno(error.value(), fmt::format("socket {}", path),
                         "--run-directory names another directory");
    }
    return Listener(std::move(acceptor), std::move(path));
}

Listener::Listener(unix_stream::acceptor a, std::string path) :
    acceptor(std::move(a)), file(std::move(path))
{}

Listener::Listener(Listener&& other) noexcept :
    acceptor(std::move(other.acceptor)),
    file(std::exchange(other.file, std::string{}))
{}

Listener::~Listener()
{
    close();
}

const std::string& Listener::path() const
{
    return file;
}

asio::awaitable<Result<unix_stream::socket>> Listener::accept()
{
    auto [error, socket] =
        co_await acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
    close();
    if (error)
    {
        co_return failErrno(error.value(), "accepting nbd-client");
    }
    co_return std::move(socket);
}

void Listener::close()
{
    if (!file.empty())
    {
        ::unlink(std::exchange(file, std::string{}).c_str());
    }
    boost::system::error_code ignored;
    acceptor.close(ignored);
}

} // namespace vmedia::proxy
