// SPDX-License-Identifier: Apache-2.0
#include "daemon.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

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

Result<void> daemonise(asio::io_context& context)
{
    context.notify_fork(asio::execution_context::fork_prepare);
    const pid_t pid = ::fork();
    if (pid < 0)
    {
        return failErrno(errno, "fork");
    }
    if (pid > 0)
    {
        ::_exit(0); // no destructor: the child owns the socket file now
    }
    context.notify_fork(asio::execution_context::fork_child);
    ::setsid();
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int descriptor : {0, 1, 2})
    {
        ::dup2(null, descriptor);
    }
    ::close(null);
    return {};
}

} // namespace vmedia::nbd
