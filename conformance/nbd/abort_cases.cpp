// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/peer.hpp"

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view abortSpec =
    "proto.md, Option types, NBD_OPT_ABORT (2)";

constexpr Case cases[] = {
    {
        .id = "nbd.option.abort.acknowledged",
        .spec = abortSpec,
        .says = "The server MUST reply with `NBD_REP_ACK`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_ABORT",
        .wants = "NBD_REP_ACK",
        .run =
            [](Peer& peer) {
    peer.sendOption(Opt::abort);
    return peer.wantReply(Opt::abort, Rep::ack);
},
    },
    {
        .id = "nbd.option.abort.data-ignored",
        .spec = abortSpec,
        .says = "a server SHOULD ignore any data sent by the client rather "
                "than rejecting the request as invalid",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_OPT_ABORT with 16 bytes of data",
        .wants = "NBD_REP_ACK",
        .run =
            [](Peer& peer) {
    peer.sendOption(Opt::abort, "sixteen bytes...");
    return peer.wantReply(Opt::abort, Rep::ack);
},
    },
    {
        .id = "nbd.option.abort.client-gone",
        .spec = abortSpec,
        .says = "the server SHOULD gracefully handle the client sending an "
                "`NBD_OPT_ABORT` and closing the connection without waiting "
                "for a reply",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_OPT_ABORT and hangs up at once, eight times",
        .wants = "a server that serves the next client",
        .run =
            [](Peer& peer) {
    for (int i = 0; i < 8; ++i)
    {
        peer.sendOption(Opt::abort);
        peer.hangUp();
        peer.start();
    }
    return peer.wantUsable();
},
    },
};

} // namespace

const Area abortArea{"abort", cases};

} // namespace conformance::nbd
