// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "negotiator.hpp"

namespace vmedia::nbd
{

/// What to do with one request.
struct Plan
{
    enum class Action : uint8_t
    {
        read,       ///< reply with the export's data
        write,      ///< take the payload, store it, reply
        flush,      ///< make earlier writes durable, reply
        refuse,     ///< reply with `error`, after skipping `skip` bytes
        disconnect, ///< NBD_CMD_DISC: no reply, an orderly end
        giveUp,     ///< the peer broke the framing or asks too much
    };
    Action action;
    ErrorValue error = ErrorValue::none;
    uint32_t skip = 0; ///< payload of a refused write, still on the wire
    bool operator==(const Plan&) const = default;
};

/// How much one request may move. The spec's default maximum payload is
/// 32 MiB ("Size constraints"); a refused write is skipped, never stored, so
/// skipping costs no memory, but more than `skipped` ends the session.
struct TransmissionLimits
{
    uint32_t payload = 32U << 20;
    uint32_t skipped = 128U << 20;
};

/// Decides by the request and the export alone. Pure: no session, no I/O.
///
/// Source: proto.md, "Transmission", "Request types", "Error values".
Plan plan(const Request& request, const ExportInfo& info,
          TransmissionLimits limits = {});

/// "Error values": what a system error number is on the wire.
ErrorValue toErrorValue(int errorNumber);

} // namespace vmedia::nbd
