// SPDX-License-Identifier: Apache-2.0
#include "backend.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>

#include <array>
#include <cerrno>
#include <csignal>

namespace conformance::ws
{

using vmedia::process::Child;

vmedia::Result<std::unique_ptr<Backend>>
    Backend::start(const std::vector<std::string>& argv)
{
    std::array<int, 2> pair{-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0)
    {
        return vmedia::failErrno(errno, "socketpair");
    }
    std::unique_ptr<Backend> backend(new Backend(pair[0]));
    auto child =
        Child::start(backend->io.get_executor(),
                     {.argv = argv, .input = pair[1], .output = pair[1]});
    ::close(pair[1]);
    if (!child)
    {
        return tl::unexpected(child.error());
    }
    backend->child.emplace(std::move(*child));
    return backend;
}

Backend::~Backend()
{
    ::close(socket);
}

bool Backend::read(vmedia::nbd::Bytes& to)
{
    std::array<std::byte, size_t{64} << 10> piece;
    const ssize_t size = ::recv(socket, piece.data(), piece.size(),
                                MSG_DONTWAIT);
    if (size > 0)
    {
        to.insert(to.end(), piece.begin(), piece.begin() + size);
    }
    return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
}

bool Backend::write(vmedia::nbd::Bytes& from)
{
    const ssize_t size = ::send(socket, from.data(), from.size(),
                                MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size > 0)
    {
        from.erase(from.begin(), from.begin() + size);
    }
    return size >= 0 || errno == EAGAIN || errno == EINTR;
}

void Backend::endInput() const
{
    ::shutdown(socket, SHUT_WR);
}

std::optional<vmedia::process::ExitStatus>
    Backend::wait(std::chrono::milliseconds time)
{
    std::optional<vmedia::process::ExitStatus> status;
    bool done = false;
    boost::asio::co_spawn(io, child->wait(),
                          [&](const std::exception_ptr& error,
                              vmedia::process::ExitStatus ended) {
        done = true;
        if (!error)
        {
            status = ended;
        }
    });
    const auto end = std::chrono::steady_clock::now() + time;
    io.restart();
    while (!done && io.run_one_until(end) > 0)
    {}
    if (!done)
    {
        child->signal(SIGKILL); // then the coroutine ends
        io.restart();
        while (!done && io.run_one() > 0)
        {}
        return std::nullopt;
    }
    return status;
}

} // namespace conformance::ws
