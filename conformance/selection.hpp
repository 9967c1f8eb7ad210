// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/run_options.hpp"
#include "conformance/suite.hpp"
#include "vmedia/error/error.hpp"

#include <string_view>
#include <vector>

namespace conformance
{

/// Those of @p rows that a pattern of globMatches() selects; "" selects all.
std::vector<Row> rowsLike(const std::vector<Row>& rows,
                          std::string_view pattern);

/// Those of @p rows to run, in their order.
///
/// Errors: Errc::usage if a pattern of `only` matches no case, for that is a
///         slip of the pen, or if nothing is left.
vmedia::Result<std::vector<Row>> select(const std::vector<Row>& rows,
                                        const RunOptions& options);

} // namespace conformance
