// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/peer.hpp"

#include <fmt/format.h>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view errorSpec = "proto.md, Error values";
constexpr uint32_t block = 4096; // a multiple of the block sizes in use

/// In transmission; gives the export's size, or 0 and the verdict why not.
uint64_t enter(Peer& peer)
{
    peer.sendInfo(Opt::go, peer.profile().exportName);
    const auto answer = peer.wantAnswer(Opt::go, {Rep::ack});
    const auto info = answer ? answer->exportInfo() : std::nullopt;
    const uint64_t size = info ? info->size : 0;
    if (size < uint64_t{2} * block)
    {
        peer.conclude(notApplicable("the export is smaller than 1024 bytes"));
    }
    return size;
}

/// A read that begins inside the export and ends one block behind it.
uint64_t readBeyondEnd(Peer& peer)
{
    const uint64_t size = enter(peer) / block * block;
    return peer.sendRequest(Cmd::read, size - block, 3 * block);
}

Verdict wantError(Peer& peer, uint64_t cookie, ErrorValue wanted)
{
    if (const auto error = peer.wantSimpleReply(cookie))
    {
        peer.want(*error == wanted, nameOf(*error), nameOf(wanted));
    }
    return peer.verdict();
}

constexpr Case cases[] = {
    {
        .id = "nbd.read.answered",
        .spec = "proto.md, Request types, NBD_CMD_READ (0)",
        .says = "If structured replies were not negotiated, then a read "
                "request MUST always be answered by a simple reply",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ of the first and of the last block",
        .wants = "a simple reply and 4096 bytes each",
        .run =
            [](Peer& peer) {
    const uint64_t size = enter(peer);
    peer.wantRead(block);
    peer.wantRead(block, size / block * block - block);
    return peer.verdict();
},
    },
    {
        .id = "nbd.reply.cookie",
        .spec = "proto.md, Transmission",
        .says = "the server MUST use the same value for cookie as was sent by "
                "the client in the corresponding request",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "eight NBD_CMD_READ with random cookies of 64 bits",
        .wants = "the same cookies in the replies",
        .run =
            [](Peer& peer) {
    enter(peer);
    for (int i = 0; i < 8; ++i)
    {
        peer.wantRead(block);
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.read.beyond-end",
        .spec = errorSpec,
        .says = "It SHOULD return `NBD_EINVAL` if it receives a read or trim "
                "request including one or more sectors beyond the size of the "
                "device",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ from inside the export to behind its end",
        .wants = "NBD_EINVAL",
        .run =
            [](Peer& peer) {
    return wantError(peer, readBeyondEnd(peer), ErrorValue::einval);
},
    },
    {
        .id = "nbd.read.beyond-end.in-step",
        .spec = "proto.md, Request types, NBD_CMD_READ (0)",
        .says = "The server MAY then initiate a hard disconnect. If it chooses "
                "not to, it MUST NOT send any payload for this request",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ to behind the end, then one inside the export",
        .wants = "an error without data and the second read's data, or a "
                 "closed connection",
        .run =
            [](Peer& peer) {
    const uint64_t cookie = readBeyondEnd(peer);
    peer.allowClose(true);
    if (const auto error = peer.wantSimpleReply(cookie))
    {
        peer.want(*error != ErrorValue::none, "success", "an error");
        peer.wantRead(block);
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.command.unknown",
        .spec = errorSpec,
        .says = "The server SHOULD return `NBD_EINVAL` if it receives an "
                "unknown command",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "command 0x7777",
        .wants = "NBD_EINVAL",
        .run =
            [](Peer& peer) {
    enter(peer);
    return wantError(peer, peer.sendRequest(Cmd{0x7777}), ErrorValue::einval);
},
    },
    {
        .id = "nbd.disc.closes",
        .spec = "proto.md, Terminating the transmission phase",
        .says = "The client sends `NBD_CMD_DISC` whereupon the server MUST "
                "close down the TLS session (if one is running) and then "
                "close the TCP connection",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_DISC",
        .wants = "the connection closed without a reply",
        .run =
            [](Peer& peer) {
    enter(peer);
    peer.sendDisconnect();
    return peer.wantClosed();
},
    },
};

} // namespace

const Area transmissionArea{"transmission", cases};

} // namespace conformance::nbd
