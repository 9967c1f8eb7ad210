// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "stream.hpp"

#include <functional>

namespace vmedia::nbd
{

/// Another stream whose input somebody sees, and may change, as it comes.
///
/// Owner: borrows the stream.
class TappedStream : public Stream
{
  public:
    using See = std::function<void(std::span<std::byte> piece)>;

    TappedStream(Stream& tapped, See seeing) :
        stream(tapped), see(std::move(seeing))
    {}

    boost::asio::awaitable<Result<size_t>>
        readSome(boost::asio::mutable_buffer into) override
    {
        Result<size_t> got = co_await stream.readSome(into);
        see({static_cast<std::byte*>(into.data()), got.value_or(0)});
        co_return got;
    }

    boost::asio::awaitable<Result<void>>
        write(std::span<const boost::asio::const_buffer> buffers) override
    {
        return stream.write(buffers);
    }

    boost::asio::awaitable<Result<void>> startTls() override
    {
        return stream.startTls();
    }

  private:
    Stream& stream;
    See see;
};

} // namespace vmedia::nbd
