// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/wire/ws_frame.hpp"
#include "vmedia/error/error.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace bench
{

using vmedia::nbd::Bytes;
using vmedia::nbd::ByteView;

/// What arrives, beside what was sent: the same messages over and over. It
/// looks at the first and the last word of each message, and at its length.
class StreamCheck
{
  public:
    /// Each message is at least two words long; borrowed.
    explicit StreamCheck(std::span<const Bytes> messages) : sent(messages) {}

    /// Errors: a word is not the one that was sent.
    vmedia::Result<void> take(ByteView bytes);

    uint64_t bytes() const
    {
        return taken;
    }
    /// Messages that arrived to their end.
    uint64_t done() const
    {
        return messagesDone;
    }
    uint64_t checked() const
    {
        return words;
    }

  private:
    vmedia::Result<void> check(ByteView bytes, size_t offset);

    std::span<const Bytes> sent;
    size_t at = 0; ///< in the message that is arriving
    uint64_t taken = 0;
    uint64_t messagesDone = 0;
    uint64_t words = 0;
};

/// The payload of a server's frames, found in bytes that come in any pieces.
class FrameReader
{
  public:
    /// The next piece of payload in @p rest, which is cut in front; empty when
    /// all is used up. Errors: a frame that no relay has to send.
    vmedia::Result<ByteView> next(ByteView& rest);

  private:
    Bytes header{};    ///< the beginning of one
    uint64_t left = 0; ///< of the payload
    bool isData = false;
};

} // namespace bench
