// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/record.hpp"

#include <ostream>
#include <string>
#include <string_view>

namespace conformance
{

/// The shape of the report; report.schema.json describes it. A change that a
/// reader could trip over raises the number.
inline constexpr std::string_view reportSchema = "vmedia-conform/2";

/// The report for programs: one JSON object with "schema", the run, and an
/// object per case. All other reports can be made from it: readRun().
void writeJson(const Run& run, std::ostream& out);

/// The object of one case, in one line: readRecord() takes it.
std::string recordText(const Record& record);

} // namespace conformance
