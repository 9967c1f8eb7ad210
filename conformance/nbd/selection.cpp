// SPDX-License-Identifier: Apache-2.0
#include "selection.hpp"

#include "conformance/glob.hpp"
#include "conformance/nbd/all_cases.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::nbd
{

namespace
{

bool anyMatches(const std::vector<std::string>& patterns, std::string_view id)
{
    return std::ranges::any_of(patterns, [id](const std::string& pattern) {
        return globMatches(pattern, id);
    });
}

bool isWithin(Level level, const std::optional<Level>& wanted)
{
    return !wanted || level == Level::must ||
           (*wanted == Level::should && level == Level::should);
}

} // namespace

vmedia::Result<std::vector<Selected>> select(const ServerSuiteOptions& options)
{
    std::vector<Selected> selected;
    for (const Area* area : serverAreas())
    {
        for (const Case& one : area->cases)
        {
            if ((options.only.empty() || anyMatches(options.only, one.id)) &&
                !anyMatches(options.skip, one.id) &&
                isWithin(one.level, options.level))
            {
                selected.push_back({&one, area->name});
            }
        }
    }
    for (const std::string& pattern : options.only)
    {
        if (casesLike(pattern).empty())
        {
            return vmedia::fail(
                vmedia::Errc::usage,
                fmt::format("--only '{}' matches no case", pattern),
                "'vmedia-conform list' shows them all");
        }
    }
    if (selected.empty())
    {
        return vmedia::fail(vmedia::Errc::usage,
                            "--only, --skip and --level leave no case",
                            "'vmedia-conform list' shows them all");
    }
    return selected;
}

} // namespace conformance::nbd
