// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/nbd/wire.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace bench
{

/// Takes simple replies out of a stream that is cut anywhere.
///
/// Shape:  feed it what was received; it tells a sink of each reply, of the
///         pieces of its data, and of its end. Nothing is copied but a header
///         that is cut in two.
///           std::optional<uint32_t> onReply(const SimpleReply&)
///               how much data follows; nothing ends the parsing
///           bool onData(uint64_t cookie, uint32_t position, ByteView piece)
///               false ends the parsing
///           void onDone(uint64_t cookie)
/// Source: proto.md, "Simple reply message": the length of the data is that
///         of the request, so only the sink can know it.
class ReplyParser
{
  public:
    enum class Fed : uint8_t
    {
        all,
        badMagic, ///< this is no simple reply
        stopped,  ///< the sink did not want more
    };

    template <typename Sink>
    Fed feed(vmedia::nbd::ByteView in, Sink& sink)
    {
        while (!in.empty())
        {
            if (left > 0)
            {
                const auto n = std::min<size_t>(left, in.size());
                if (!sink.onData(cookie, position, in.first(n)))
                {
                    return Fed::stopped;
                }
                in = in.subspan(n);
                position += static_cast<uint32_t>(n);
                left -= static_cast<uint32_t>(n);
            }
            else
            {
                const size_t n = std::min(header.size() - have, in.size());
                std::ranges::copy(in.first(n), header.begin() + have);
                in = in.subspan(n);
                have += static_cast<uint8_t>(n);
                if (have < header.size())
                {
                    return Fed::all;
                }
                have = 0;
                const auto reply = vmedia::nbd::decodeSimpleReply(header);
                if (!reply)
                {
                    return Fed::badMagic;
                }
                const std::optional<uint32_t> length = sink.onReply(*reply);
                if (!length)
                {
                    return Fed::stopped;
                }
                cookie = reply->cookie;
                position = 0;
                left = *length;
            }
            if (left == 0)
            {
                sink.onDone(cookie);
            }
        }
        return Fed::all;
    }

  private:
    std::array<std::byte, vmedia::nbd::SimpleReply::wireSize> header{};
    uint8_t have = 0; ///< bytes of the header
    uint64_t cookie = 0;
    uint32_t position = 0;
    uint32_t left = 0; ///< bytes of data to come
};

} // namespace bench
