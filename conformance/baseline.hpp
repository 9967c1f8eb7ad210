// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/record.hpp"

#include <ostream>

namespace conformance
{

/// A file for --expect with each case of @p run that did not pass: its verdict,
/// or its verdicts if rounds differed, and as reason what was expected of it
/// or else what was seen. What was not tested is not in it, but in a comment.
void writeBaseline(const Run& run, std::ostream& out);

} // namespace conformance
