// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/suite.hpp"

#include <memory>

namespace conformance::nbd
{

/// `vmedia-conform nbd-server`: a server that is there already, one that a
/// line starts, or one that is started in the several ways of a profile.
std::unique_ptr<Suite> serverSuite();

} // namespace conformance::nbd
