// SPDX-License-Identifier: Apache-2.0
#include "verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

namespace conformance
{

Verdict passed()
{
    return {};
}

Verdict failed(std::string got, std::string wanted)
{
    return {Outcome::fail, std::move(got), std::move(wanted)};
}

Verdict notApplicable(std::string reason)
{
    return {Outcome::notApplicable, std::move(reason)};
}

Verdict notTested(std::string reason)
{
    return {Outcome::notTested, std::move(reason)};
}

Verdict withheld(std::string reason)
{
    Verdict verdict = notTested(std::move(reason));
    verdict.withheld = true;
    return verdict;
}

Verdict noted(std::string got)
{
    return {Outcome::info, std::move(got)};
}

Verdict judged(Verdict verdict, Level level)
{
    if (verdict.outcome == Outcome::fail && level == Level::should)
    {
        verdict.outcome = Outcome::warn;
    }
    return verdict;
}

void Counts::add(const Verdict& verdict)
{
    int* const counters[] = {&pass,          &warn,      &fail,
                             &notApplicable, &notTested, &info};
    ++*counters[static_cast<size_t>(verdict.outcome)];
    withheld += verdict.withheld ? 1 : 0;
}

std::string describe(const Counts& counts)
{
    const std::pair<int, std::string_view> parts[] = {
        {counts.pass, "pass"},
        {counts.fail, "fail"},
        {counts.warn, "warn"},
        {counts.info, "info"},
        {counts.notApplicable, "not applicable"},
        {counts.notTested, "not tested"},
    };
    std::string text;
    for (const auto& [count, name] : parts)
    {
        if (count != 0)
        {
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count,
                                name);
        }
    }
    return text.empty() ? "nothing ran" : text;
}

ExitCode exitCodeOf(const Counts& counts, bool strict)
{
    if (counts.fail != 0 || (strict && counts.warn != 0))
    {
        return exitViolates;
    }
    // Cases that were cut off may be the ones that would have failed.
    if (counts.judged() == 0 || counts.notTested != counts.withheld)
    {
        return exitNotTested;
    }
    return exitConforms;
}

namespace
{

constexpr std::string_view levelNames[] = {"must", "should", "may",
                                           "robustness"};
constexpr std::string_view outcomeNames[] = {
    "pass", "warn", "fail", "not applicable", "not tested", "info"};

template <typename T>
std::optional<T> valueOf(std::span<const std::string_view> names,
                         std::string_view name)
{
    const auto found = std::ranges::find(names, name);
    return found == names.end()
               ? std::nullopt
               : std::optional(static_cast<T>(found - names.begin()));
}

} // namespace

std::string_view nameOf(Level level)
{
    return levelNames[static_cast<size_t>(level)];
}

std::string_view nameOf(Outcome outcome)
{
    return outcomeNames[static_cast<size_t>(outcome)];
}

std::optional<Level> levelOf(std::string_view name)
{
    return valueOf<Level>(levelNames, name);
}

std::optional<Outcome> outcomeOf(std::string_view name)
{
    return valueOf<Outcome>(outcomeNames, name);
}

} // namespace conformance
