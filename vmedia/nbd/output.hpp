// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "pack.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

namespace vmedia::nbd
{

/// Bytes on their way out. Grows without writing to what it gains: a read's
/// data is put straight into it, and zeroing it first would cost as much.
class Output
{
  public:
    size_t size() const
    {
        return used;
    }

    ByteView bytes() const
    {
        return {storage.get(), used};
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

    /// Forgets what came after the first @p size bytes.
    void shrink(size_t size)
    {
        assert(size <= used);
        used = size;
    }

    /// Empty again. What is large is given back: a client that once asked for
    /// 32 MiB does not hold them for as long as it stays.
    void clear()
    {
        used = 0;
        if (capacity > keptBytes)
        {
            storage.reset();
            capacity = 0;
        }
    }

  private:
    static constexpr size_t keptBytes = 8 << 20;

    std::unique_ptr<std::byte[]> storage;
    size_t capacity = 0;
    size_t used = 0;
};

} // namespace vmedia::nbd
