// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "event.hpp"
#include "line_splitter.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sim
{

/// What one console or program printed, line by line, as it comes.
///
/// Shape:   everything goes to a file, with milliseconds since the start of
///          the run; the last lines are kept for error reports.
/// Owner:   shared with the coroutine that reads the stream, so that it may
///          outlive the machine by one wake-up.
class Log
{
  public:
    /// Also gets a line that has not ended, each time it grows.
    using OnLine = std::function<void(const std::string& line, bool whole)>;

    Log(std::string name, const std::filesystem::path& folder,
        Clock::time_point start, OnLine onLine);

    void feed(std::string_view bytes);
    void close();

    /// The stream ended: there is nothing more to come.
    bool closed() const
    {
        return ended;
    }
    const std::string& name() const
    {
        return title;
    }
    const std::filesystem::path& path() const
    {
        return filePath;
    }
    /// The last lines, oldest first; empty ones are left out.
    std::vector<std::string> tail() const;

  private:
    void keep(std::string line);
    std::string title;
    std::filesystem::path filePath;
    std::ofstream file;
    Clock::time_point start;
    OnLine onLine;
    LineSplitter splitter;
    std::deque<std::string> last;
    bool ended = false;
};

using LogPtr = std::shared_ptr<Log>;

/// Feeds @p log from the stream until it ends. The stream must be closed, or
/// its io_context must go, to stop it.
void pump(std::shared_ptr<boost::asio::local::stream_protocol::socket> stream,
          LogPtr log);
void pump(std::shared_ptr<boost::asio::posix::stream_descriptor> stream,
          LogPtr log);

} // namespace sim
