// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace vmedia::process
{

/// What to start. Descriptors are borrowed: the child gets a copy as its
/// 0, 1 and 2, and none of our others. -1 is /dev/null.
struct Command
{
    std::vector<std::string> argv; ///< argv[0]: a path, or a name on PATH
    int input = -1;
    int output = -1;
    int error = 2;
    std::vector<std::string> environment{}; ///< "NAME=value", added to ours
};

/// Exit statuses as a shell gives them: 0 to 255, or 128 + signal number.
using ExitStatus = int;

/// A program that we started, and that does not outlive us.
///
/// Owner:   the destructor kills it (SIGKILL) and reaps it. The kernel does
///          the same when we die without running destructors
///          (PR_SET_PDEATHSIG), so not even a crash leaves it behind.
/// Threads: start it from a thread that lives as long as the process, or the
///          kernel kills it when that thread ends. Use it from one strand.
class Child
{
  public:
    /// Errors: the program is missing or cannot be executed.
    static Result<Child> start(const boost::asio::any_io_executor& executor,
                               Command command);

    Child(Child&&) noexcept;
    Child& operator=(Child&&) noexcept;
    ~Child();

    int pid() const;

    /// Waits for the end. May be called by one coroutine at a time; gives the
    /// same status again once it ended. Cancellable.
    boost::asio::awaitable<ExitStatus> wait();

    /// SIGTERM; SIGKILL if it is still there after @p grace. Gives the status.
    boost::asio::awaitable<ExitStatus> stop(std::chrono::milliseconds grace);

    /// Sends a signal if the child has not been reaped; else does nothing.
    void signal(int number);

  private:
    struct State;
    explicit Child(std::unique_ptr<State> state);
    std::unique_ptr<State> state;
};

} // namespace vmedia::process
