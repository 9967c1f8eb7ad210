// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "output.hpp"
#include "vmedia/error/error.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace vmedia::nbd
{

/// Threads of one session, for requests that wait for a disk, a network or a
/// fault's delay, so that those behind them do not.
///
/// Shape:   a thread is started when none is free, until there are enough.
/// Threads: jobs run on the workers', all else is called from the session's.
/// Owner:   the destructor waits for jobs that run, and drops the others.
class Workers
{
  public:
    /// Gives the reply, which has borrowed nothing.
    using Job = std::function<Output()>;

    /// Errors: the system has no descriptor to spare.
    static Result<std::unique_ptr<Workers>> make(unsigned threadsMost);
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    /// @p bytes is what the job holds while it runs, its reply included.
    void submit(Job job, uint64_t bytes);

    /// Submitted and not taken: how many, and what they hold.
    size_t inHand() const
    {
        return count;
    }
    uint64_t bytesInHand() const
    {
        return bytesHeld;
    }

    /// Readable while take() has something to give.
    int descriptor() const
    {
        return event;
    }

    /// The replies that are ready, in the order in which they became so.
    std::vector<Output> take();

    /// Within a job: a sleep that ends early with the Workers.
    void pause(std::chrono::microseconds length);

  private:
    struct Task
    {
        Job job;
        uint64_t bytes;
    };
    struct Done
    {
        Output reply;
        uint64_t bytes;
    };

    Workers(unsigned threadsMost, int eventDescriptor);

    bool start();
    void work();
    void carryOut(Task task);

    unsigned most;
    int event;
    size_t count = 0;
    uint64_t bytesHeld = 0;

    std::mutex mutex; ///< over all that follows, but for the threads
    std::condition_variable submitted; ///< or it ends
    std::condition_variable ended;
    std::deque<Task> waiting;
    std::vector<Done> done;
    size_t idle = 0;
    bool ending = false;
    std::vector<std::thread> threads;
};

} // namespace vmedia::nbd
