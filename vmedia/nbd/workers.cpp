// SPDX-License-Identifier: Apache-2.0
#include "workers.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <system_error>

namespace vmedia::nbd
{

Result<std::unique_ptr<Workers>> Workers::make(unsigned threadsMost)
{
    const int event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (event < 0)
    {
        return failErrno(errno, "eventfd");
    }
    return std::unique_ptr<Workers>(new Workers(threadsMost, event));
}

Workers::Workers(unsigned threadsMost, int eventDescriptor) :
    most(threadsMost), event(eventDescriptor)
{}

Workers::~Workers()
{
    {
        const std::lock_guard lock(mutex);
        ending = true;
        waiting.clear();
    }
    submitted.notify_all();
    ended.notify_all();
    for (std::thread& thread : threads)
    {
        thread.join();
    }
    ::close(event);
}

void Workers::submit(Job job, uint64_t bytes)
{
    ++count;
    bytesHeld += bytes;
    Task task{std::move(job), bytes};
    {
        const std::lock_guard lock(mutex);
        if (idle > waiting.size() || start())
        {
            waiting.push_back(std::move(task));
            submitted.notify_one();
            return;
        }
    }
    carryOut(std::move(task)); // no thread to be had: then it is our own
}

/// One more thread, if there may be one. False if there is none at all.
bool Workers::start()
{
    if (threads.size() >= most)
    {
        return true;
    }
    try
    {
        threads.emplace_back([this] { work(); });
    }
    catch (const std::system_error&)
    {
        return !threads.empty();
    }
    return true;
}

void Workers::work()
{
    std::unique_lock lock(mutex);
    while (true)
    {
        ++idle;
        submitted.wait(lock, [this] { return ending || !waiting.empty(); });
        --idle;
        if (ending)
        {
            return;
        }
        Task task = std::move(waiting.front());
        waiting.pop_front();
        lock.unlock();
        carryOut(std::move(task));
        lock.lock();
    }
}

void Workers::carryOut(Task task)
{
    Output reply = task.job();
    const std::lock_guard lock(mutex);
    done.push_back({std::move(reply), task.bytes});
    ::eventfd_write(event, 1);
}

std::vector<Output> Workers::take()
{
    std::vector<Done> ready;
    {
        const std::lock_guard lock(mutex);
        eventfd_t times = 0;
        ::eventfd_read(event, &times);
        ready.swap(done);
    }
    std::vector<Output> replies;
    replies.reserve(ready.size());
    for (Done& each : ready)
    {
        bytesHeld -= each.bytes;
        replies.push_back(std::move(each.reply));
    }
    count -= ready.size();
    return replies;
}

void Workers::pause(std::chrono::microseconds length)
{
    std::unique_lock lock(mutex);
    ended.wait_for(lock, length, [this] { return ending; });
}

} // namespace vmedia::nbd
