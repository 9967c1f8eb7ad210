// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/nbd/deviation.hpp"

#include <map>
#include <string_view>

namespace conformance::nbd
{

/// For each case the one thing that our own server does wrong when it is told
/// to, so that the case can be seen to fail.
///
/// Shape: case id to Deviation. A defect may trip other cases as well.
using Defects = std::map<std::string_view, vmedia::nbd::Deviation>;

Defects defects();

/// The part of it about NBD_OPT_INFO, NBD_OPT_GO and what they tell.
void addInfoDefects(Defects& all);

/// The part of it about requests and their replies.
void addTransmissionDefects(Defects& all);

/// The part of it about commands and what they do to content.
void addRequestDefects(Defects& all);

/// The part of it about structured replies and block status.
void addChunkDefects(Defects& all);

} // namespace conformance::nbd
