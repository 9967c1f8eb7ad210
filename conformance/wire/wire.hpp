// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/nbd/pack.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What went over the connections of a case, whatever they speak.
namespace conformance
{

enum class WireKind : uint8_t
{
    sent,        ///< bytes, ours
    received,    ///< bytes, the target's
    connected,   ///< text: to where
    refused,     ///< no connection came about; text: why
    tls,         ///< text: what TLS has come to
    endSent,     ///< we send no more
    endReceived, ///< the target sends no more
    resetByPeer, ///< the target dropped the connection; text: how it showed
    closed,      ///< by us
    resetByUs,   ///< closed by us, and what was under way thrown away
    silence,     ///< nothing came; text: within what time
    note,        ///< text: what the case did or saw beside it
    cut,         ///< here more was seen than is kept
};

/// "sent", "end received" and so on, as reports have them.
std::string_view nameOf(WireKind kind);
std::optional<WireKind> wireKindOf(std::string_view name);

/// What a cut took of one connection.
struct WireLoss
{
    uint32_t connection;
    uint64_t sent;
    uint64_t received;
    bool operator==(const WireLoss&) const = default;
};

/// One thing that happened. Bytes are in clear: what TLS makes of them is not
/// kept, but what went over a connection below TLS.
struct WireEntry
{
    WireKind kind;
    uint64_t at = 0;              ///< µs since the case began
    uint32_t connection = 0;      ///< from 1 on; 0: of none
    bool below = false;           ///< of TLS itself, or past it
    uint64_t length = 0;          ///< of what went over the connection
    vmedia::nbd::Bytes head{};    ///< the first of these bytes
    vmedia::nbd::Bytes tail{};    ///< the last of them, where head is not all
    std::string text{};
    std::vector<WireLoss> lost{}; ///< of a cut

    bool isBytes() const
    {
        return kind == WireKind::sent || kind == WireKind::received;
    }
    /// How many bytes between head and tail were not kept.
    uint64_t missing() const
    {
        return length - head.size() - tail.size();
    }
    bool operator==(const WireEntry&) const = default;
};

/// All of a case, in order.
struct Wire
{
    int64_t began = 0; ///< µs since 1970
    std::vector<WireEntry> entries{};
    bool operator==(const Wire&) const = default;
};

} // namespace conformance
