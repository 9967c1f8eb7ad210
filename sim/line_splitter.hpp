// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace sim
{

/// Cuts what a console prints into lines that a person would read.
///
/// Shape: bytes in, in any portions; whole lines out, without line ends,
///        escape sequences and other control characters. SeaBIOS and boot
///        loaders paint the screen with them.
class LineSplitter
{
  public:
    std::vector<std::string> feed(std::string_view bytes);

    /// The line that has not ended yet: a prompt, or a loader's only word.
    const std::string& pending() const
    {
        return line;
    }

  private:
    enum class State
    {
        text,
        escape,  ///< after ESC
        charset, ///< after ESC ( or ESC ): one more character
        control, ///< after ESC [: up to a character of 0x40 to 0x7e
    };
    void take(char c);
    State state = State::text;
    std::string line;
};

} // namespace sim
