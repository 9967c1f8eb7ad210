// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/nbd/pack.hpp"

#include <cstdint>
#include <string>

namespace conformance
{

enum TcpFlag : uint8_t
{
    fin = 1,
    syn = 2,
    rst = 4,
    psh = 8,
    ack = 16,
};

/// One packet; what lies beyond its bytes was not captured.
struct Packet
{
    uint64_t at; ///< µs since 1970
    vmedia::nbd::Bytes bytes;
    uint64_t length;
    std::string comment{};
};

/// What of a TCP segment is not its data.
struct Segment
{
    bool fromClient;
    uint16_t clientPort;
    uint16_t serverPort;
    uint32_t sequence;
    uint32_t acknowledged;
    uint8_t flags;
};

/// Ethernet, IPv4 (RFC 791) and TCP (RFC 9293) around @p payload; @p missing
/// bytes more have no bytes here.
Packet packetOf(const Segment& segment, uint64_t at,
                vmedia::nbd::ByteView payload, uint64_t missing);

} // namespace conformance
