// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/record.hpp"

#include <ostream>
#include <span>

namespace conformance
{

/// The report for a browser: one page that loads nothing. With several runs a
/// column each, so that targets can be compared. The cases are all in the
/// page's HTML; its script hides rows, and shows the wire log of a case that
/// is opened.
void writeHtml(std::span<const Run> runs, std::ostream& out);

} // namespace conformance
