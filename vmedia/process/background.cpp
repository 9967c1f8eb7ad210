// SPDX-License-Identifier: Apache-2.0
#include "background.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <thread>

namespace vmedia::process
{

namespace asio = boost::asio;

namespace
{

/// Of the thread and of who waits: it goes with the last of them, so a thread
/// that is late tells its end to nobody, and not to a stranger's descriptor.
struct Job
{
    explicit Job(std::function<void()> w) :
        work(std::move(w)), done(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))
    {
        if (done < 0)
        {
            throw std::system_error(errno, std::generic_category(), "eventfd");
        }
    }
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;
    ~Job()
    {
        ::close(done);
    }

    void run()
    {
        work();
        const uint64_t one = 1;
        // Into a counter of 0: it can neither be full nor be cut short.
        [[maybe_unused]] const ssize_t told = ::write(done, &one, sizeof(one));
    }

    std::function<void()> work;
    const int done;
};

} // namespace

asio::awaitable<void> runInBackground(std::function<void()> work)
{
    const auto job = std::make_shared<Job>(std::move(work));
    const int copy = ::dup(job->done); // Asio closes its own
    if (copy < 0)
    {
        throw std::system_error(errno, std::generic_category(), "eventfd");
    }
    asio::posix::stream_descriptor done(co_await asio::this_coro::executor,
                                        copy);
    std::thread([job] { job->run(); }).detach();
    // Read, and not waited for: Asio 1.81 may tell of what was another
    // descriptor's, just closed, and there is no value before the end.
    std::array<std::byte, sizeof(uint64_t)> count{};
    co_await done.async_read_some(asio::buffer(count), asio::use_awaitable);
}

} // namespace vmedia::process
