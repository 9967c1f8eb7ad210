// SPDX-License-Identifier: Apache-2.0
#include "spawn_line.hpp"

#include <fmt/format.h>

namespace conformance
{

vmedia::Result<std::vector<std::string>> splitLine(std::string_view line)
{
    std::vector<std::string> words;
    bool inWord = false;
    char quote = '\0';
    for (size_t i = 0; i < line.size(); ++i)
    {
        const char c = line[i];
        if (quote == '\0' && (c == ' ' || c == '\t' || c == '\n'))
        {
            inWord = false;
            continue;
        }
        if (!inWord)
        {
            words.emplace_back();
            inWord = true;
        }
        if (quote == '\0' && (c == '\'' || c == '"'))
        {
            quote = c;
        }
        else if (quote != '\0' && c == quote)
        {
            quote = '\0';
        }
        else if (c == '\\' && quote != '\'' && i + 1 < line.size())
        {
            words.back() += line[++i];
        }
        else
        {
            words.back() += c;
        }
    }
    if (quote != '\0')
    {
        return vmedia::fail(
            vmedia::Errc::usage,
            fmt::format("--spawn: {} is never closed in: {}", quote, line));
    }
    if (words.empty())
    {
        return vmedia::fail(vmedia::Errc::usage,
                            "--spawn: no program in the line");
    }
    return words;
}

std::string filled(std::string text,
                   const std::map<std::string, std::string>& values)
{
    for (const auto& [name, value] : values)
    {
        const std::string mark = "{" + name + "}";
        for (size_t at = text.find(mark); at != std::string::npos;
             at = text.find(mark, at + value.size()))
        {
            text.replace(at, mark.size(), value);
        }
    }
    return text;
}

} // namespace conformance
