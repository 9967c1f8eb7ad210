// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/peer.hpp"

#include <fmt/format.h>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

/// Client flags that the server did not offer end the session.
Verdict dropsFlags(Peer& peer, uint32_t flags)
{
    peer.connect();
    peer.wantGreeting();
    peer.sendClientFlags(flags);
    // A server that goes on is seen to: it answers, where one that only
    // forgot to close would have to be waited for.
    peer.sendOption(unknownOption);
    return peer.wantClosed();
}

constexpr Case cases[] = {
    {
        .id = "nbd.greeting.magic",
        .spec = "proto.md, Newstyle negotiation",
        .says = "S: 64 bits, `0x49484156454F5054` (ASCII '`IHAVEOPT`') (note "
                "different magic number)",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "nothing",
        .wants = "NBDMAGIC, IHAVEOPT and 16 bits of flags",
        .start = Start::connected,
        .run =
            [](Peer& peer) {
    peer.connect();
    peer.wantGreeting();
    return peer.verdict();
},
    },
    {
        .id = "nbd.greeting.length",
        .spec = "proto.md, Newstyle negotiation",
        .says = "S: 16 bits, handshake flags; C: 32 bits, client flags",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "client flags and an unknown option",
        .wants = "the reply as the next bytes after the 18 of the greeting",
        .start = Start::connected,
        .run =
            [](Peer& peer) {
    peer.start();
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.greeting.fixed-newstyle",
        .spec = "proto.md, Handshake flags; Baseline",
        .says = "bit 0, `NBD_FLAG_FIXED_NEWSTYLE`; MUST be set by servers "
                "that support the fixed newstyle protocol",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "nothing",
        .wants = "NBD_FLAG_FIXED_NEWSTYLE, which the baseline demands",
        .start = Start::connected,
        .run =
            [](Peer& peer) {
    peer.connect();
    const auto flags = peer.wantGreeting().value_or(0);
    peer.want((flags & fixedNewstyle) != 0,
              fmt::format("handshake flags {:#x}", flags));
    return peer.verdict();
},
    },
    {
        .id = "nbd.greeting.unknown-flags-clear",
        .spec = "proto.md, Handshake flags",
        .says = "The server MUST NOT set any other flags",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "nothing",
        .wants = "no handshake flag but bits 0 and 1",
        .start = Start::connected,
        .run =
            [](Peer& peer) {
    peer.connect();
    const auto flags = peer.wantGreeting().value_or(0);
    peer.want((flags & ~(fixedNewstyle | noZeroes)) == 0,
              fmt::format("handshake flags {:#x}", flags));
    return peer.verdict();
},
    },
    {
        .id = "nbd.client-flags.unknown-low-bit",
        .spec = "proto.md, Client flags",
        .says = "the server MUST drop the TCP connection if the client sets "
                "an unknown flag",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "client flags with bit 2, then an unknown option",
        .wants = "the connection closed without a reply",
        .start = Start::connected,
        .run = [](Peer& peer) { return dropsFlags(peer, 0x4 | 0x3); },
    },
    {
        .id = "nbd.client-flags.unknown-high-bit",
        .spec = "proto.md, Newstyle negotiation",
        .says = "the server MUST close the TCP connection if it does not "
                "recognize the client's flags",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "client flags with bit 31, then an unknown option",
        .wants = "the connection closed without a reply",
        .start = Start::connected,
        .run = [](Peer& peer) { return dropsFlags(peer, 0x80000000 | 0x3); },
    },
    {
        .id = "nbd.client-flags.none-then-option",
        .spec = "proto.md, Client flags; NBD_OPT_EXPORT_NAME",
        .says = "Servers MAY choose to honour fixed newstyle from clients "
                "that didn't set this bit",
        .level = Level::may,
        .subject = Subject::server,
        .sends = "client flags 0, then an unknown option with data",
        .wants = "a closed connection, or replies that stay in step",
        .start = Start::connected,
        .run =
            [](Peer& peer) {
    peer.start(0);
    peer.sendOption(unknownOption, "no option for nonfixed");
    peer.wantRefusal(unknownOption,
                     {Rep::errUnsup, Rep::errInvalid, Rep::errPolicy});
    peer.conclude(noted(peer.closedByTarget()
                            ? "closes the connection"
                            : "honours or refuses the option"));
    return peer.verdict();
},
    },
    {
        .id = "nbd.client-flags.no-zeroes-not-offered",
        .spec = "proto.md, Client flags",
        .says = "Clients MUST NOT set any other flags; the server MUST "
                "drop the TCP connection if the client sets an unknown "
                "flag, or a flag that does not match something advertised "
                "by the server",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_FLAG_C_NO_ZEROES, where the server does not offer it",
        .wants = "the connection closed without a reply",
        .start = Start::connected,
        .run =
            [](Peer& peer) {
    if ((peer.profile().handshakeFlags & noZeroes) != 0)
    {
        return notApplicable("the server offers it");
    }
    // With the other one, for a nonfixed client is dropped for its option.
    return dropsFlags(
        peer, clientNoZeroes | (peer.profile().handshakeFlags & fixedNewstyle));
},
    },
    {
        .id = "nbd.client-flags.fixed-newstyle-not-offered",
        .spec = "proto.md, Client flags",
        .says = "Clients MUST NOT set any other flags; the server MUST "
                "drop the TCP connection if the client sets an unknown "
                "flag, or a flag that does not match something advertised "
                "by the server",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_FLAG_C_FIXED_NEWSTYLE, where the server does not "
                 "offer it",
        .wants = "the connection closed without a reply",
        .start = Start::connected,
        .run =
            [](Peer& peer) {
    if ((peer.profile().handshakeFlags & fixedNewstyle) != 0)
    {
        return notApplicable("the server offers it");
    }
    return dropsFlags(peer, clientFixedNewstyle);
},
    },
};

} // namespace

const Area greetingArea{"greeting", cases};

} // namespace conformance::nbd
