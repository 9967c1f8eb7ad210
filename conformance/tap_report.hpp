// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/record.hpp"

#include <ostream>

namespace conformance
{

/// The report in the Test Anything Protocol, version 13: prove of Debian 12
/// refuses a 14, and nothing here needs one.
///
/// SKIP: not applicable, not tested. TODO: a missed SHOULD or an expected
/// failure, which fail no run. A YAML block tells the story of what is "not
/// ok". "Bail out!" if the target could not be tested.
void writeTap(const Run& run, std::ostream& out);

} // namespace conformance
