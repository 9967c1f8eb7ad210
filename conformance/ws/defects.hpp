// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "deviation.hpp"

#include <map>
#include <string>

namespace conformance::ws
{

/// For each case the one thing that the reference server does wrong when it is
/// told to, so that the case can be seen to fail.
///
/// Shape: case id to Deviation. A defect may trip other cases as well.
using Defects = std::map<std::string, Deviation, std::less<>>;

Defects defects();

/// Its parts: the opening handshake; frames; control frames and fragments;
/// Close; text; what is delivered, and the limits; the network, TLS, slots.
void addHandshakeDefects(Defects& all);
void addFrameDefects(Defects& all);
void addControlDefects(Defects& all);
void addCloseDefects(Defects& all);
void addTextDefects(Defects& all);
void addDeliveryDefects(Defects& all);
void addNetDefects(Defects& all);

} // namespace conformance::ws
