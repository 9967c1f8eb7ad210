// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/record.hpp"

#include <ostream>

namespace conformance
{

/// The report for programs: one JSON object with "schema", the run, and an
/// object per case. A change that a reader could trip over raises "schema".
void writeJson(const Run& run, std::ostream& out);

} // namespace conformance
