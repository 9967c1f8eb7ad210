// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/record.hpp"

#include <ostream>
#include <vector>

namespace conformance
{

/// A case whose verdict changed from one run to another. Where a run has not
/// got it, that side is null.
struct Change
{
    const Record* before;
    const Record* after;
};

/// What changed between two runs. The runs have to live as long.
struct Diff
{
    const Run& before;
    const Run& after;
    std::vector<Change> worse{}; ///< fails or warns more; or is not tested now
    std::vector<Change> fixed{};
    std::vector<Change> other{}; ///< "pass" to "info", and the like
    std::vector<Change> added{}; ///< judges nothing: it was not known before
    std::vector<Change> gone{};
    size_t same = 0;
};

Diff diff(const Run& before, const Run& after);

/// For people at a terminal.
void writeText(const Diff& diff, std::ostream& out);
/// For a pull request.
void writeMarkdown(const Diff& diff, std::ostream& out);

} // namespace conformance
