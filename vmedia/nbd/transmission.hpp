// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "chunk.hpp"
#include "terms.hpp"

namespace vmedia::nbd
{

/// A request, compact or extended: what both say.
struct Command
{
    uint16_t flags = 0;
    Cmd type{};
    uint64_t cookie = 0;
    uint64_t offset = 0;
    uint64_t length = 0;  ///< of its effect, or of its payload
    uint64_t payload = 0; ///< bytes that follow it on the wire

    static Command of(const Request& request);
    static Command of(const ExtendedRequest& request);
};

/// What to do with one command.
struct Plan
{
    enum class Action : uint8_t
    {
        read,        ///< reply with the export's data
        write,       ///< take the payload, store it, reply
        flush,       ///< make earlier writes durable, reply
        trim,        ///< the content is not needed any more, reply
        cache,       ///< it will be read soon, reply
        zero,        ///< make it read as zeroes, reply
        blockStatus, ///< reply with the extents, by its payload if it has one
        refuse,      ///< skip the payload, reply with `error`
        disconnect,  ///< NBD_CMD_DISC: no reply, an orderly end
        giveUp,      ///< the peer asks for more than a connection is worth
    };
    Action action;
    ErrorValue error = ErrorValue::none;
    bool operator==(const Plan&) const = default;
};

/// How much one request may move. The spec's default maximum payload is
/// 32 MiB ("Size constraints"); a refused write is skipped, never stored, so
/// skipping costs no memory, but more than `skipped` ends the session.
struct TransmissionLimits
{
    uint32_t payload = 32U << 20;
    uint32_t skipped = 128U << 20;
    unsigned requests = 16;        ///< in hand at a time, where they wait
    uint64_t inHand = 64ULL << 20; ///< bytes that these hold
};

/// Decides by the command and the terms alone. Pure: no session, no I/O.
///
/// Source: proto.md, "Transmission", "Request types", "Error values".
Plan plan(const Command& command, const Terms& terms,
          TransmissionLimits limits = {});

/// NBD_CMD_BLOCK_STATUS with a payload, once that is there: "64 bits, effect
/// length; n * 32 bits, list of metacontext ids to use". @p command becomes
/// the one without a payload that says the same.
Plan planWithPayload(Command& command, ByteView payload, const Terms& terms);

/// "Error values": what a system error number is on the wire.
ErrorValue toErrorValue(int errorNumber);

} // namespace vmedia::nbd
