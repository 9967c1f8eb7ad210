// SPDX-License-Identifier: Apache-2.0
#include "selection.hpp"

#include "conformance/glob.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance
{

namespace
{

constexpr const char* listHint = "'vmedia-conform list' shows them all";

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

std::vector<Row> rowsLike(const std::vector<Row>& rows,
                          std::string_view pattern)
{
    std::vector<Row> found;
    std::ranges::copy_if(rows, std::back_inserter(found),
                         [pattern](const Row& row) {
        return pattern.empty() || globMatches(pattern, row.id);
    });
    return found;
}

vmedia::Result<std::vector<Row>> select(const std::vector<Row>& rows,
                                        const RunOptions& options)
{
    for (const std::string& pattern : options.only)
    {
        if (rowsLike(rows, pattern).empty())
        {
            return vmedia::fail(
                vmedia::Errc::usage,
                fmt::format("--only '{}' matches no case", pattern), listHint);
        }
    }
    std::vector<Row> selected;
    std::ranges::copy_if(rows, std::back_inserter(selected),
                         [&options](const Row& row) {
        return (options.only.empty() || anyMatches(options.only, row.id)) &&
               !anyMatches(options.skip, row.id) &&
               isWithin(row.level, options.level);
    });
    if (selected.empty())
    {
        return vmedia::fail(vmedia::Errc::usage,
                            "--only, --skip and --level leave no case",
                            listHint);
    }
    return selected;
}

} // namespace conformance
