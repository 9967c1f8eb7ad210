// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace vmedia::service
{

/// A program that works for a slot, with its last line on stderr kept.
///
/// Owner: when it goes, the child gets SIGKILL and is reaped later; nothing is
///        told. One that the kernel does not let go is not waited for.
class Program
{
  public:
    struct Options
    {
        std::vector<std::string> argv{};
        /// A line that begins so says nothing ("Refer to the manual…").
        std::string idleWords{};
        /// Temporary files go there instead of /var/tmp, empty: as for us.
        std::string temporary{};
    };
    /// An exit status as process::ExitStatus, and the last line.
    using Ended = std::function<void(int status, const std::string& lastLine)>;

    /// Errors: errorNumber ENOENT if there is no such program, or whatever
    ///         kept it from starting.
    static Result<std::unique_ptr<Program>>
        start(const boost::asio::any_io_executor& executor, Options options,
              Ended ended);

    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program();

    int pid() const;
    void signal(int number);

    /// What it said last, so far.
    const std::string& lastLine() const;

  private:
    struct State;
    explicit Program(std::shared_ptr<State> state);
    std::shared_ptr<State> state;
};

} // namespace vmedia::service
