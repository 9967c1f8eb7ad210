// SPDX-License-Identifier: Apache-2.0
#include "log.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <array>

namespace sim
{
namespace asio = boost::asio;

Log::Log(std::string name, const std::filesystem::path& folder,
         Clock::time_point startTime, OnLine callback) :
    title(std::move(name)), filePath(folder / (title + ".log")), file(filePath),
    start(startTime), onLine(std::move(callback))
{}

void Log::feed(std::string_view bytes)
{
    for (std::string& line : splitter.feed(bytes))
    {
        keep(line);
        onLine(line, true);
    }
    file.flush(); // somebody may be following it
    if (!splitter.pending().empty())
    {
        onLine(splitter.pending(), false);
    }
}

void Log::close()
{
    if (!splitter.pending().empty())
    {
        keep(splitter.pending());
    }
    ended = true;
    file.close();
    onLine({}, false); // whoever waits shall look at closed()
}

void Log::keep(std::string line)
{
    constexpr size_t lines = 15; // a screenful with the message above it
    const auto at = std::chrono::duration_cast<std::chrono::milliseconds>(
        Clock::now() - start);
    file << fmt::format("{:7} {}\n", at.count(), line);
    if (line.find_first_not_of(" \t") == std::string::npos)
    {
        return;
    }
    last.push_back(std::move(line));
    if (last.size() > lines)
    {
        last.pop_front();
    }
}

std::vector<std::string> Log::tail() const
{
    std::vector<std::string> lines(last.begin(), last.end());
    if (!ended && !splitter.pending().empty())
    {
        lines.push_back(splitter.pending());
    }
    return lines;
}

namespace
{

template <typename Stream>
asio::awaitable<void> read(std::shared_ptr<Stream> stream, LogPtr log)
{
    std::array<char, 4096> buffer;
    while (true)
    {
        auto [error, size] = co_await stream->async_read_some(
            asio::buffer(buffer), asio::as_tuple(asio::use_awaitable));
        if (error == asio::error::operation_aborted)
        {
            co_return; // the machine is gone, and nobody waits for it
        }
        if (error)
        {
            log->close();
            co_return;
        }
        log->feed({buffer.data(), size});
    }
}

} // namespace

void pump(std::shared_ptr<asio::local::stream_protocol::socket> stream,
          LogPtr log)
{
    auto executor = stream->get_executor();
    asio::co_spawn(executor, read(std::move(stream), std::move(log)),
                   asio::detached);
}

void pump(std::shared_ptr<asio::posix::stream_descriptor> stream, LogPtr log)
{
    auto executor = stream->get_executor();
    asio::co_spawn(executor, read(std::move(stream), std::move(log)),
                   asio::detached);
}

} // namespace sim
