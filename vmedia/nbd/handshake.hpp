// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "input.hpp"
#include "session.hpp"

namespace vmedia::nbd
{

/// Negotiates with one client: moves bytes, the Negotiator decides.
///
/// Gives Phase::transmission, or Phase::closed after NBD_OPT_ABORT. An error
/// is the peer's fault, or its end.
boost::asio::awaitable<Result<Phase>>
    shakeHands(Stream& stream, Input& input, Negotiator& negotiator,
               const Deviation& deviation, const std::atomic<bool>* stopping);

} // namespace vmedia::nbd
