// SPDX-License-Identifier: Apache-2.0
#include "outlet.hpp"

#include "window.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <limits>

namespace vmedia::websocket
{

namespace asio = boost::asio;
using boost::system::error_code;

namespace
{

/// All at once: Asio's own condition writes 64 KiB and no more at a time.
size_t allThereIs(const error_code& error, size_t /*written*/)
{
    return error ? 0 : std::numeric_limits<size_t>::max();
}

} // namespace

// Not zeroed: what no message needs takes no memory.
Outlet::Outlet(Socket& socket, std::function<void()> empty) :
    to(socket), whenEmpty(std::move(empty)), change(socket.get_executor()),
    bytes(std::make_unique_for_overwrite<std::byte[]>(bufferSize))
{
    change.expires_at(asio::steady_timer::time_point::max());
}

asio::mutable_buffer Outlet::room()
{
    if (isEmpty())
    {
        begin = end = 0;
    }
    return {bytes.get() + end, bufferSize - end};
}

void Outlet::add(size_t size)
{
    end += size;
    if (isGone)
    {
        begin = end;
    }
}

bool Outlet::isFull() const
{
    return end == bufferSize;
}

bool Outlet::isEmpty() const
{
    return begin == end && !isWriting;
}

asio::const_buffer Outlet::held() const
{
    return {bytes.get() + begin, end - begin};
}

void Outlet::flush()
{
    if (isWriting || begin == end)
    {
        return;
    }
    isWriting = true;
    asio::async_write(to, asio::buffer(held()), allThereIs,
                      [this](const error_code& error, size_t size) {
        written(error.failed(), size);
        change.cancel();
        if (isEmpty())
        {
            whenEmpty();
        }
    });
}

asio::awaitable<void> Outlet::drain()
{
    while (!isEmpty())
    {
        if (isWriting) // what flush() began
        {
            co_await change.async_wait(asio::as_tuple(asio::use_awaitable));
            continue;
        }
        isWriting = true;
        auto [error, size] =
            co_await asio::async_write(to, asio::buffer(held()), allThereIs,
                                       asio::as_tuple(asio::use_awaitable));
        written(error.failed(), size);
    }
}

void Outlet::written(bool isClosed, size_t size)
{
    isWriting = false;
    isGone = isGone || isClosed;
    begin = isGone ? end : begin + size;
}

} // namespace vmedia::websocket
