// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <string>

namespace vmedia::process
{

/// What a child prints, line by line: copied to our stderr, the last line
/// kept, since that is the one which says why it ended.
///
/// Use:    give writeEnd() to the child as its stderr, start it, call
///         childStarted(), spawn copy(); when the child has ended, finish().
///         A grandchild that keeps the pipe open holds nobody up.
/// Length: a line longer than 4 KiB is cut into several.
class LineLog
{
  public:
    static Result<LineLog> open(const boost::asio::any_io_executor& executor);

    LineLog(LineLog&& other) noexcept;
    LineLog& operator=(LineLog&&) = delete;
    ~LineLog();

    int writeEnd() const;
    void childStarted();

    /// Copies until the end of the pipe, or until finish().
    boost::asio::awaitable<void> copy();

    /// Takes what the child left in the pipe and closes it.
    void finish();

    /// Lines that begin with @p words are not kept as the last one.
    void skip(std::string words);

    /// The last line that was not empty.
    const std::string& lastLine() const;

  private:
    LineLog(const boost::asio::any_io_executor& executor, int readEnd,
            int writeEnd);
    void take(std::string_view text);
    void emit();

    boost::asio::posix::stream_descriptor pipe;
    int childEnd;
    std::string partial{};
    std::string last{};
    std::string idleWords{};
};

} // namespace vmedia::process
