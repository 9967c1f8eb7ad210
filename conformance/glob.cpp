// SPDX-License-Identifier: Apache-2.0
#include "glob.hpp"

namespace conformance
{

namespace
{

bool wildcardMatches(std::string_view pattern, std::string_view text)
{
    size_t p = 0;
    size_t t = 0;
    size_t star = std::string_view::npos; // where to try again from
    size_t taken = 0;                     // what the star stood for so far
    while (t < text.size())
    {
        if (p < pattern.size() && pattern[p] == '*')
        {
            star = p++;
            taken = t;
        }
        else if (p < pattern.size() &&
                 (pattern[p] == '?' || pattern[p] == text[t]))
        {
            ++p;
            ++t;
        }
        else if (star != std::string_view::npos)
        {
            p = star + 1;
            t = ++taken;
        }
        else
        {
            return false;
        }
    }
    return pattern.substr(p).find_first_not_of('*') == std::string_view::npos;
}

} // namespace

bool globMatches(std::string_view pattern, std::string_view text)
{
    if (pattern.find_first_of("*?") != std::string_view::npos)
    {
        return wildcardMatches(pattern, text);
    }
    return text.starts_with(pattern) &&
           (text.size() == pattern.size() || text[pattern.size()] == '.');
}

} // namespace conformance
