// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

namespace vmedia::process
{

/// A process that need not be our child, told apart from a later one that has
/// its pid: what is asked of /proc after open() is of this one, or it ended.
class Pidfd
{
  public:
    /// Errors: errorNumber ESRCH if there is none.
    static Result<Pidfd> open(const boost::asio::any_io_executor& executor,
                              int pid);

    int pid() const
    {
        return number;
    }

    /// Does nothing once it ended.
    void signal(int number);

    /// Waits for its end; false if it was cancelled.
    boost::asio::awaitable<bool> wait();

    /// Whether it ended already.
    bool hasEnded() const;

    /// Ends wait().
    void cancel();

  private:
    Pidfd(boost::asio::posix::stream_descriptor descriptor, int pid);

    boost::asio::posix::stream_descriptor descriptor;
    int number;
};

} // namespace vmedia::process
