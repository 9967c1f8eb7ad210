// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/nbd/case.hpp"

#include <span>
#include <string_view>

namespace conformance::nbd
{

extern const Area connectionArea;
extern const Area greetingArea;
extern const Area optionArea;
extern const Area optionLimitArea;
extern const Area abortArea;
extern const Area listArea;
extern const Area exportNameArea;
extern const Area infoArea;
extern const Area goArea;
extern const Area entryArea;
extern const Area blockSizeArea;
extern const Area sizingArea;
extern const Area sizeArea;
extern const Area replyFormArea;
extern const Area metaArea;
extern const Area metaSelectionArea;
extern const Area metaNameArea;
extern const Area metaMalformedArea;
extern const Area extendedArea;
extern const Area extendedStatusArea;
extern const Area transmissionArea;
extern const Area requestArea;
extern const Area flagArea;
extern const Area errorArea;
extern const Area readArea;
extern const Area writeArea;
extern const Area hintArea;
extern const Area zeroArea;
extern const Area blockStatusArea;
extern const Area allocationArea;
extern const Area structuredArea;
extern const Area structuredReadArea;
extern const Area parallelArea;
extern const Area disconnectArea;
extern const Area tlsOffArea;
extern const Area tlsRequiredArea;
extern const Area tlsOnArea;
extern const Area tlsStartArea;
extern const Area tlsArea;
extern const Area tlsRecordArea;
extern const Area tlsVersionArea;
extern const Area tlsKeyArea;
extern const Area tlsCertificateArea;
extern const Area shutdownArea;
extern const Area abuseArea;
extern const Area storageArea;

/// All that a run contains, in its order. No static registration: what is not
/// named here does not run.
std::span<const Area* const> serverAreas();

/// nullptr if there is no such id.
const Case* findCase(std::string_view id);

} // namespace conformance::nbd
