// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/ws/case.hpp"

#include <span>

namespace conformance::ws
{

// In the order of a run.
std::span<const Case> requestCases();
std::span<const Case> upgradeCases();
std::span<const Case> keyCases();
std::span<const Case> versionCases();
std::span<const Case> targetCases();
std::span<const Case> accessCases();
std::span<const Case> offerCases();
std::span<const Case> headerCases();
std::span<const Case> lengthCases();
std::span<const Case> maskCases();
std::span<const Case> reservedCases();
std::span<const Case> failingCases();
std::span<const Case> passiveCases();
std::span<const Case> fragmentCases();
std::span<const Case> controlCases();
std::span<const Case> livenessCases();
std::span<const Case> closeCases();
std::span<const Case> closeCodeCases();
std::span<const Case> endingCases();
std::span<const Case> textCases();
std::span<const Case> deliveryCases();
std::span<const Case> nbdCases();
std::span<const Case> messageCases();
std::span<const Case> enduranceCases();
std::span<const Case> deflateCases();
std::span<const Case> networkCases();
std::span<const Case> secureCases();
std::span<const Case> slotCases();

// Of a client
std::span<const Case> clientRequestCases();
std::span<const Case> clientResponseCases();
std::span<const Case> clientSentCases();
std::span<const Case> clientReceivedCases();
std::span<const Case> clientCloseCases();
std::span<const Case> clientResourceCases();

/// All areas of `ws-server`.
std::span<const Area> serverAreas();

/// All areas of `ws-client`.
std::span<const Area> clientAreas();

/// Of either suite. Null if there is none.
const Case* findCase(std::string_view id);

} // namespace conformance::ws
