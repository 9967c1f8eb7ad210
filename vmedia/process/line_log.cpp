// SPDX-License-Identifier: Apache-2.0
#include "line_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <utility>

namespace vmedia::process
{

namespace asio = boost::asio;

namespace
{

constexpr size_t lineMax = 4096;

} // namespace

Result<LineLog> LineLog::open(const asio::any_io_executor& executor)
{
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
    {
        return failErrno(errno, "a pipe for a child's messages");
    }
    // Ours only: the child's end stays blocking, as programs expect.
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return LineLog(executor, ends[0], ends[1]);
}

LineLog::LineLog(const asio::any_io_executor& executor, int readEnd,
                 int writeEnd) : pipe(executor, readEnd), childEnd(writeEnd)
{}

LineLog::LineLog(LineLog&& other) noexcept :
    pipe(std::move(other.pipe)), childEnd(std::exchange(other.childEnd, -1)),
    partial(std::move(other.partial)), last(std::move(other.last)),
    idleWords(std::move(other.idleWords))
{}

LineLog::~LineLog()
{
    childStarted();
}

int LineLog::writeEnd() const
{
    return childEnd;
}

void LineLog::childStarted()
{
    if (childEnd >= 0)
    {
        ::close(std::exchange(childEnd, -1));
    }
}

asio::awaitable<void> LineLog::copy()
{
    std::array<char, lineMax> buffer;
    while (pipe.is_open())
    {
        auto [error, size] = co_await pipe.async_read_some(
            asio::buffer(buffer), asio::as_tuple(asio::use_awaitable));
        if (error)
        {
            break;
        }
        take({buffer.data(), size});
    }
}

void LineLog::finish()
{
    if (!pipe.is_open())
    {
        return;
    }
    std::array<char, lineMax> buffer;
    for (;;)
    {
        const ssize_t size = ::read(pipe.native_handle(), buffer.data(),
                                    buffer.size());
        if (size <= 0) // the end, or EAGAIN: somebody else still holds it
        {
            break;
        }
        take({buffer.data(), static_cast<size_t>(size)});
    }
    emit();
    pipe.close();
}

void LineLog::skip(std::string words)
{
    idleWords = std::move(words);
}

const std::string& LineLog::lastLine() const
{
    return last;
}

void LineLog::take(std::string_view text)
{
    for (char c : text)
    {
        if (c == '\n' || partial.size() >= lineMax)
        {
            emit();
        }
        if (c != '\n')
        {
            partial.push_back(c);
        }
    }
}

void LineLog::emit()
{
    if (!partial.empty())
    {
        fmt::print(stderr, "{}\n", partial);
        if (idleWords.empty() || !partial.starts_with(idleWords))
        {
            last = std::move(partial);
        }
        partial.clear();
    }
}

} // namespace vmedia::process
