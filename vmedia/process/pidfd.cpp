// SPDX-License-Identifier: Apache-2.0
#include "pidfd.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>

namespace vmedia::process
{

namespace asio = boost::asio;

Result<Pidfd> Pidfd::open(const asio::any_io_executor& executor, int pid)
{
    // By number: glibc has names for it from 2.36 on.
    const long opened = ::syscall(SYS_pidfd_open, pid, 0);
    if (opened < 0)
    {
        return failErrno(errno, fmt::format("process {}", pid));
    }
    return Pidfd(
        asio::posix::stream_descriptor(executor, static_cast<int>(opened)),
        pid);
}

Pidfd::Pidfd(asio::posix::stream_descriptor d, int pid) :
    descriptor(std::move(d)), number(pid)
{}

void Pidfd::signal(int which)
{
    ::syscall(SYS_pidfd_send_signal, descriptor.native_handle(), which, nullptr,
              0);
}

asio::awaitable<bool> Pidfd::wait()
{
    // Asio 1.81 may tell of what was another descriptor's, just closed.
    while (!hasEnded())
    {
        auto [error] = co_await descriptor.async_wait(
            asio::posix::descriptor_base::wait_read,
            asio::as_tuple(asio::use_awaitable));
        if (error)
        {
            co_return false;
        }
    }
    co_return true;
}

bool Pidfd::hasEnded() const
{
    // pidfd_open(2): it is readable once the process ended, zombies too.
    pollfd poll{
        const_cast<asio::posix::stream_descriptor&>(descriptor).native_handle(),
        POLLIN, 0};
    return ::poll(&poll, 1, 0) == 1;
}

void Pidfd::cancel()
{
    descriptor.cancel();
}

} // namespace vmedia::process
