// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/suite.hpp"

#include <memory>

namespace conformance::ws
{

/// `vmedia-conform ws-server`: a WebSocket server that is there already, one
/// that a line starts, or one that is started in the several ways of a
/// profile.
std::unique_ptr<Suite> serverSuite();

} // namespace conformance::ws
