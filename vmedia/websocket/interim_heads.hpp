// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>

namespace vmedia::websocket
{

/// What a server sends before its response: "A client MUST be able to parse
/// one or more 1xx responses received prior to a final response, even if the
/// client does not expect one" (RFC 9110, 15.2). They are dropped.
///
/// Shape:  add() what comes until isOver(); then rest() is all behind them.
/// Bounds: a head over 16 KiB, or a 17th one, is left for who reads on.
class InterimHeads
{
  public:
    void add(std::string_view bytes);
    /// The response itself has begun.
    bool isOver() const
    {
        return over;
    }
    std::string& rest()
    {
        return held;
    }

  private:
    std::string held{};
    int dropped = 0;
    bool over = false;
};

} // namespace vmedia::websocket
