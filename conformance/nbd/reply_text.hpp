// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/nbd/negotiator.hpp"

#include <string>

namespace conformance::nbd
{

/// "NBD_REP_ERR_UNSUP to NBD_OPT_LIST, 'not here'"
std::string describe(const vmedia::nbd::OptionReply& reply);

} // namespace conformance::nbd
