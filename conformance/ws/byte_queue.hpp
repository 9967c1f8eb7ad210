// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/nbd/pack.hpp"

#include <algorithm>

namespace conformance::ws
{

/// Bytes that come at one end and are taken at the other, in linear time.
class ByteQueue
{
  public:
    size_t size() const
    {
        return bytes.size() - at;
    }
    vmedia::nbd::ByteView view() const
    {
        return vmedia::nbd::ByteView(bytes).subspan(at);
    }
    /// To append to; what is in front of it stays as it is.
    vmedia::nbd::Bytes& back()
    {
        return bytes;
    }
    /// The first @p size of them; no more than there are.
    vmedia::nbd::Bytes take(size_t size)
    {
        const auto front = view().first(std::min(size, this->size()));
        vmedia::nbd::Bytes taken(front.begin(), front.end());
        at += taken.size();
        if (at >= bytes.size() / 2)
        {
            bytes.erase(bytes.begin(),
                        bytes.begin() + static_cast<ptrdiff_t>(at));
            at = 0;
        }
        return taken;
    }
    void clear()
    {
        bytes.clear();
        at = 0;
    }

  private:
    vmedia::nbd::Bytes bytes{};
    size_t at = 0; ///< where the first one is that nobody took
};

} // namespace conformance::ws
