// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/suite.hpp"

#include <memory>

namespace conformance::ws
{

/// `vmedia-conform ws-client`: a WebSocket client that a line starts, that is
/// started in the several ways of a profile, or that somebody else starts.
std::unique_ptr<Suite> clientSuite();

} // namespace conformance::ws
