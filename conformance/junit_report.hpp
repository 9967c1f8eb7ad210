// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/record.hpp"

#include <ostream>

namespace conformance
{

/// The report for CI servers, in the XML that JUnit made common: a testsuite
/// per area, a testcase per case.
///
/// A case that fails the run is a <failure>. A warning that does not is a
/// success with a <system-out>. Not applicable, not tested and a failure that
/// was expected are <skipped>: none of them is a pass. A target that could not
/// be tested is an <error> of its own, lest a run of skips looks green.
void writeJUnit(const Run& run, std::ostream& out);

} // namespace conformance
