// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/record.hpp"
#include "conformance/spawned.hpp"

#include <chrono>
#include <string>

namespace conformance
{

/// A sanitizer's report fails the case after which it came; @p target may be
/// null, if we did not start it.
void noteSanitizer(Spawned* target, Record& record);

/// The next client was not served, for @p fault: the case before is to blame,
/// and so it says how the target ended, if it does within @p grace.
void noteNotServed(const Spawned* target, const std::string& fault,
                   std::chrono::milliseconds grace, Record& record);

} // namespace conformance
