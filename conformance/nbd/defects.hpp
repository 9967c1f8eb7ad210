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

/// The part of it about connections, and how much haggling is borne.
void addConnectionDefects(Defects& all);

/// The part of it about block sizes, and requests of all sizes.
void addSizeDefects(Defects& all);

/// The part of it about structured replies and metadata contexts.
void addMetaDefects(Defects& all);

/// The part of it about extended headers.
void addExtendedDefects(Defects& all);

/// Servers that break no rule, but are not like ours: where a case wants one.
Defects variants();

/// The part of it about requests and their replies.
void addTransmissionDefects(Defects& all);

/// The part of it about commands and what they do to content.
void addRequestDefects(Defects& all);

/// The part of it about storage that fails, is full or is cut into pieces.
void addStorageDefects(Defects& all);

/// The part of it about structured replies and block status.
void addChunkDefects(Defects& all);

/// The parts of it about TLS: what is said before and after it, and whom it
/// lets in.
void addTlsDefects(Defects& all);
void addTlsCredentialDefects(Defects& all);

/// The part of it about the end of a server, and about what it can bear.
void addAbuseDefects(Defects& all);

} // namespace conformance::nbd
