// SPDX-License-Identifier: Apache-2.0
#include "daemon.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <utility>

namespace vmedia::nbd
{
namespace asio = boost::asio;

PidFile::~PidFile()
{
    std::error_code ignored;
    if (!file.empty())
    {
        std::filesystem::remove(file, ignored);
    }
}

Result<void> PidFile::write(const std::string& path)
{
    std::ofstream out(path);
    out << ::getpid() << '\n';
    out.close();
    if (!out)
    {
        return failErrno(errno, path,
                         "give --pidfile a path that can be written");
    }
    file = path;
    return {};
}

namespace
{

[[noreturn]] void leaveWhenReady(int child, pid_t pid)
{
    char told = 0;
    ssize_t got = 0;
    do
    {
        got = ::read(child, &told, 1);
    } while (got < 0 && errno == EINTR);
    int status = 0;
    if (got != 1)
    {
        ::waitpid(pid, &status, 0);
    }
    // No destructor: the child owns the socket file now.
    ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

} // namespace

Background::~Background()
{
    if (parent >= 0)
    {
        ::close(parent);
    }
}

Result<void> Background::enter(asio::io_context& context)
{
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    {
        return failErrno(errno, "socketpair");
    }
    context.notify_fork(asio::execution_context::fork_prepare);
    const pid_t pid = ::fork();
    if (pid < 0)
    {
        const int error = errno;
        ::close(ends[0]);
        ::close(ends[1]);
        return failErrno(error, "fork");
    }
    if (pid > 0)
    {
        ::close(ends[1]);
        leaveWhenReady(ends[0], pid);
    }
    ::close(ends[0]);
    parent = ends[1];
    context.notify_fork(asio::execution_context::fork_child);
    ::setsid();
    return {};
}

void Background::ready()
{
    if (parent < 0)
    {
        return;
    }
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int descriptor : {0, 1, 2})
    {
        ::dup2(null, descriptor);
    }
    ::close(null);
    // A parent that was killed is told nothing.
    [[maybe_unused]] const ssize_t told = ::send(parent, "", 1, MSG_NOSIGNAL);
    ::close(std::exchange(parent, -1));
}

} // namespace vmedia::nbd
