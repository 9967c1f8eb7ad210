// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "wire.hpp"

#include <ostream>

namespace conformance
{

/// What a capture says of itself.
struct PcapTitle
{
    std::string comment;     ///< of the whole file
    std::string application; ///< that wrote it
    uint16_t port;           ///< of the server, so that Wireshark knows
    bool weServe = false;    ///< the target is the client
};

/// Writes @p wire in the pcapng format (draft-ietf-opsawg-pcapng), as if it
/// had been captured on a network: the server is 192.0.2.2, each of the
/// client's connections a port of 192.0.2.1. What went over TLS is in clear,
/// and a comment says so; what was not kept is a frame that was captured in
/// part.
void writePcap(const Wire& wire, const PcapTitle& title, std::ostream& out);

} // namespace conformance
