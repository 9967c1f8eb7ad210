// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <fmt/format.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace conformance
{

/// What a profile and `explain` call one of a suite's needs, which are bits of
/// an enumeration.
template <typename Needs>
struct NeedWord
{
    std::string_view name;
    Needs need;
    std::string_view meaning;
};

template <typename Needs>
std::optional<Needs> parseNeed(std::span<const NeedWord<Needs>> words,
                               std::string_view name)
{
    for (const NeedWord<Needs>& word : words)
    {
        if (word.name == name)
        {
            return word.need;
        }
    }
    return std::nullopt;
}

/// "tls-required, psk"
template <typename Needs>
std::string describeNeeds(std::span<const NeedWord<Needs>> words, Needs needs)
{
    std::string text;
    for (const NeedWord<Needs>& word : words)
    {
        if (covers(needs, word.need))
        {
            text += text.empty() ? "" : ", ";
            text += word.name;
        }
    }
    return text;
}

/// "tls-required: nothing before TLS", a line for each.
template <typename Needs>
std::vector<std::string> explainNeeds(std::span<const NeedWord<Needs>> words,
                                      Needs needs)
{
    std::vector<std::string> lines;
    for (const NeedWord<Needs>& word : words)
    {
        if (covers(needs, word.need))
        {
            lines.push_back(fmt::format("{}: {}", word.name, word.meaning));
        }
    }
    return lines;
}

} // namespace conformance
