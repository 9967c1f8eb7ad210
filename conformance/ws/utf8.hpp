// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/nbd/pack.hpp"

namespace conformance::ws
{

/// Checks UTF-8 (RFC 3629) as it comes, piece by piece, and tells a fault with
/// the first byte that no good text has there.
class Utf8
{
  public:
    /// Whether all was right up to and with @p bytes.
    bool feed(vmedia::nbd::ByteView bytes);
    /// Whether a text may end here: no character is cut off.
    bool mayEnd() const
    {
        return left == 0;
    }

  private:
    bool feed(uint8_t byte);

    int left = 0;       // bytes that the character still wants
    uint8_t low = 0x80; // the next one's bounds
    uint8_t high = 0xBF;
};

inline bool isUtf8(vmedia::nbd::ByteView bytes)
{
    Utf8 text;
    return text.feed(bytes) && text.mayEnd();
}

} // namespace conformance::ws
