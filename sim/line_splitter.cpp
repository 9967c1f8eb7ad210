// SPDX-License-Identifier: Apache-2.0
#include "line_splitter.hpp"

#include <utility>

namespace sim
{

std::vector<std::string> LineSplitter::feed(std::string_view bytes)
{
    constexpr size_t longest = 4096; // a binary on a console has no lines
    std::vector<std::string> lines;
    for (char c : bytes)
    {
        if (c == '\n' || line.size() >= longest)
        {
            lines.push_back(std::exchange(line, {}));
            state = State::text;
        }
        if (c != '\n')
        {
            take(c);
        }
    }
    return lines;
}

void LineSplitter::take(char c)
{
    switch (state)
    {
        case State::text:
            if (c == '\x1b')
            {
                state = State::escape;
            }
            else if (static_cast<unsigned char>(c) >= 0x20 || c == '\t')
            {
                line += c;
            }
            break;
        case State::escape:
            state = c == '['               ? State::control
                    : c == '(' || c == ')' ? State::charset
                                           : State::text;
            break;
        case State::charset:
            state = State::text;
            break;
        case State::control:
            if (c >= 0x40 && c <= 0x7e)
            {
                state = State::text;
            }
            break;
    }
}

} // namespace sim
