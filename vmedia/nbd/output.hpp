// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "pack.hpp"

#include <boost/asio/buffer.hpp>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

namespace vmedia::nbd
{

/// Bytes on their way out. Grows without writing to what it gains: a read's
/// data is put straight into it, and zeroing it first would cost as much.
/// Between its own bytes it may have borrowed ones.
class Output
{
  public:
    /// All of it, borrowed bytes too.
    size_t size() const
    {
        return used + lent;
    }

    /// Its own bytes.
    ByteView bytes() const
    {
        return {storage.get(), used};
    }

    bool borrows() const
    {
        return lent > 0;
    }

    /// Bytes that stay where they are until all is sent and clear() called.
    /// What fails after it must not shrink() to before it.
    void borrow(ByteView bytes)
    {
        borrowed.push_back({used, bytes});
        lent += bytes.size();
    }

    /// All of it in order, for a gathering write; good until the next change.
    std::span<const boost::asio::const_buffer> parts()
    {
        gathered.clear();
        size_t at = 0;
        for (const Borrowed& each : borrowed)
        {
            gathered.emplace_back(storage.get() + at, each.before - at);
            gathered.emplace_back(each.bytes.data(), each.bytes.size());
            at = each.before;
        }
        gathered.emplace_back(storage.get() + at, used - at);
        return gathered;
    }

    /// @p more bytes at the end, of no particular content; good until the
    /// next grow().
    std::span<std::byte> grow(size_t more)
    {
        if (used + more > capacity)
        {
            capacity = std::max({used + more, 2 * capacity, size_t{64} << 10});
            auto larger = std::make_unique_for_overwrite<std::byte[]>(capacity);
            if (used > 0)
            {
                std::memcpy(larger.get(), storage.get(), used);
            }
            storage = std::move(larger);
        }
        used += more;
        return {storage.get() + used - more, more};
    }

    template <size_t count>
    void append(const std::array<std::byte, count>& bytes)
    {
        std::memcpy(grow(count).data(), bytes.data(), count);
    }

    /// Forgets what came after the first @p size of its own bytes.
    void shrink(size_t size)
    {
        assert(size <= used);
        assert(borrowed.empty() || borrowed.back().before <= size);
        used = size;
    }

    /// Empty again. What is large is given back: a client that once asked for
    /// 32 MiB does not hold them for as long as it stays.
    void clear()
    {
        used = 0;
        lent = 0;
        borrowed.clear();
        if (capacity > keptBytes)
        {
            storage.reset();
            capacity = 0;
        }
    }

  private:
    static constexpr size_t keptBytes = 8 << 20;

    struct Borrowed
    {
        size_t before; ///< of its own bytes, those that come first
        ByteView bytes;
    };

    std::unique_ptr<std::byte[]> storage;
    size_t capacity = 0;
    size_t used = 0;
    size_t lent = 0;
    std::vector<Borrowed> borrowed;
    std::vector<boost::asio::const_buffer> gathered; ///< by parts()
};

} // namespace vmedia::nbd
