// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include "fixtures/fuzz.hpp"
#include "offer.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace vmedia::nbd::fuzz
{
namespace asio = boost::asio;
using namespace literals;

namespace
{

/// A batch of replies, and the one that filled it.
constexpr size_t togetherMax = (64 << 10) + payloadMax + 4096;

/// Up to and with the header of NBD_OPT_STARTTLS, or all.
size_t untilStartTls(ByteView says)
{
    constexpr auto header = "49484156454f5054 00000005"_hex;
    const auto found = std::search(says.begin(), says.end(), header.begin(),
                                   header.end());
    return std::min(says.size(), static_cast<size_t>(found - says.begin()) +
                                     OptionHeader::wireSize);
}

} // namespace

Client::Client(ByteView says, const Circumstances& how,
               std::atomic<bool>& stopping) :
    rest(says), circumstances(how), stop(stopping)
{}

asio::awaitable<Result<size_t>> Client::readSome(asio::mutable_buffer into)
{
    ::fuzz::require(into.size() > 0, "there is room to read into");
    if (circumstances.stops() && reads >= circumstances.stopsAfter())
    {
        stop = true;
    }
    if (rest.empty())
    {
        co_return fail(Errc::closedByPeer, "the client said all");
    }
    const size_t piece = circumstances.piece(reads++);
    size_t size = std::min(into.size(), rest.size());
    if (piece > 0)
    {
        size = std::min(size, piece);
    }
    if (circumstances.waitsForTls())
    {
        size = std::min(size, untilStartTls(rest));
    }
    std::memcpy(into.data(), rest.data(), size);
    rest = rest.subspan(size);
    co_return size;
}

asio::awaitable<Result<void>>
    Client::write(std::span<const asio::const_buffer> buffers)
{
    ::fuzz::require(asio::buffer_size(buffers) <= togetherMax,
                    "no more than a batch is kept");
    for (const asio::const_buffer& buffer : buffers)
    {
        const Result<void> done =
            hear({static_cast<const std::byte*>(buffer.data()), buffer.size()});
        if (!done)
        {
            co_return done;
        }
    }
    co_return Result<void>{};
}

bool Client::sendsUncopied() const
{
    return circumstances.sendsFiles();
}

asio::awaitable<Result<void>>
    Client::writeLent(std::span<const asio::const_buffer> parts)
{
    return write(parts);
}

bool Client::receivesUncopied()
{
    return sendsUncopied();
}

asio::awaitable<Result<int>> Client::receiveFile(int file, uint64_t offset,
                                                 uint64_t length)
{
    ::fuzz::require(length <= receivedMost, "no more than was promised");
    Bytes data;
    while (data.size() < length)
    {
        Bytes piece(length - data.size());
        const asio::mutable_buffer room(piece.data(), piece.size());
        const Result<size_t> got = co_await readSome(room);
        if (!got)
        {
            co_return tl::unexpected(got.error());
        }
        append(data, ByteView(piece).first(*got));
    }
    const ssize_t put = ::pwrite(file, data.data(), length,
                                 static_cast<off_t>(offset));
    ::fuzz::require(put == static_cast<ssize_t>(length), "the file takes it");
    co_return 0;
}

asio::awaitable<Result<void>>
    Client::sendFile(std::span<const asio::const_buffer> before, int file,
                     uint64_t offset, uint64_t length)
{
    ::fuzz::require(length <= payloadMax, "no more than one reply may have");
    const Result<void> begun = co_await write(before);
    if (!begun)
    {
        co_return begun;
    }
    Bytes data(length);
    const ssize_t got = ::pread(file, data.data(), length,
                                static_cast<off_t>(offset));
    ::fuzz::require(got == static_cast<ssize_t>(length),
                    "what is sent is inside the file");
    co_return hear(data);
}

asio::awaitable<Result<void>> Client::startTls()
{
    ::fuzz::require(circumstances.tls() != tls::Mode::off, "TLS is offered");
    co_return Result<void>{};
}

Result<void> Client::hear(ByteView bytes)
{
    const size_t room = circumstances.hangsUp()
                            ? circumstances.hangsUpAfter() - heard.size()
                            : bytes.size();
    append(heard, bytes.first(std::min(room, bytes.size())));
    return room < bytes.size() ? fail(Errc::closedByPeer, "hung up")
                               : Result<void>{};
}

} // namespace vmedia::nbd::fuzz
