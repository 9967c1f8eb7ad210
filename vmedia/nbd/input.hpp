// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "pack.hpp"
#include "stream.hpp"

#include <cstring>
#include <functional>
#include <memory>

namespace vmedia::nbd
{

/// Bytes that came and were not used yet. Reads ahead as much as fits, so that
/// pipelined requests cost one system call and not one each.
class Input
{
  public:
    /// What to do whenever the stream was woken.
    using Woken = std::function<boost::asio::awaitable<Result<void>>()>;

    Input(Stream& from, Woken whenWoken) :
        stream(from), woken(std::move(whenWoken)),
        // Not zeroed: an idle client shall not cost the pages.
        storage(std::make_unique_for_overwrite<std::byte[]>(capacity))
    {}

    size_t available() const
    {
        return end - begin;
    }

    /// False: take() asks the stream for no more than it needs, so that a
    /// long payload which follows is received straight into its place.
    void readAhead(bool on)
    {
        ahead = on;
    }

    /// Waits for @p size bytes (at most `capacity`) and gives a view of them,
    /// which holds until the next call.
    boost::asio::awaitable<Result<ByteView>> take(size_t size)
    {
        assert(size <= capacity);
        while (available() < size)
        {
            if (begin + size > capacity || begin == end)
            {
                std::memmove(storage.get(), storage.get() + begin, available());
                end -= begin;
                begin = 0;
            }
            const boost::asio::mutable_buffer room(storage.get() + end,
                                                   ahead ? capacity - end
                                                         : size - available());
            Result<size_t> got = co_await stream.readSome(room);
            if (!got)
            {
                co_return tl::unexpected(got.error());
            }
            end += *got;
            if (*got == 0)
            {
                const Result<void> heard = co_await woken();
                if (!heard)
                {
                    co_return tl::unexpected(heard.error());
                }
            }
        }
        const ByteView view(storage.get() + begin, size);
        begin += size;
        co_return view;
    }

    /// Fills @p into: what is buffered first, the rest straight from the
    /// stream, so that a long payload is not copied twice.
    boost::asio::awaitable<Result<void>> fill(std::span<std::byte> into)
    {
        const size_t buffered = std::min(into.size(), available());
        std::memcpy(into.data(), storage.get() + begin, buffered);
        begin += buffered;
        into = into.subspan(buffered);
        while (!into.empty())
        {
            const boost::asio::mutable_buffer rest(into.data(), into.size());
            Result<size_t> got = co_await stream.readSome(rest);
            if (!got)
            {
                co_return tl::unexpected(got.error());
            }
            into = into.subspan(*got);
            if (*got == 0)
            {
                const Result<void> heard = co_await woken();
                if (!heard)
                {
                    co_return tl::unexpected(heard.error());
                }
            }
        }
        co_return Result<void>{};
    }

    /// Reads and forgets.
    boost::asio::awaitable<Result<void>> skip(size_t size)
    {
        while (size > 0)
        {
            // No less at once: without reading ahead, take() asks for just
            // that.
            Result<ByteView> part = co_await take(std::min(size, capacity));
            if (!part)
            {
                co_return tl::unexpected(part.error());
            }
            size -= part->size();
        }
        co_return Result<void>{};
    }

  private:
    static constexpr size_t capacity = 256 << 10;

    Stream& stream;
    Woken woken;
    std::unique_ptr<std::byte[]> storage;
    size_t begin = 0;
    size_t end = 0;
    bool ahead = true;
};

} // namespace vmedia::nbd
