// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/exchange.hpp"
#include "conformance/nbd/tls_steps.hpp"

#include <fmt/format.h>

#include <limits>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr Case cases[] = {
    {
        .id = "nbd.tls.record.one-byte",
        .spec = tlsSpec,
        .says = "The borders of TLS records mean nothing: messages may be cut "
                "into records of one byte.",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "options and a request in records of one byte each",
        .wants = "the same answers as ever",
        .needs = required,
        .run =
            [](Peer& peer) {
    peer.secure();
    Bytes bytes = optionBytes(unknownOption);
    append(bytes, optionBytes(Opt::go, encodeInfoRequest(
                                           peer.profile().exportName, {})));
    append(bytes, requestBytes({0, Cmd::read, 7, 0, block}));
    for (const std::byte& byte : bytes)
    {
        if (!peer.stopped())
        {
            peer.channel()->send({&byte, 1}, peer.patience());
        }
    }
    peer.note(fmt::format("{} bytes, each in its own record", bytes.size()));
    peer.wantAnswer(unknownOption, {Rep::errUnsup});
    peer.wantAnswer(Opt::go, {Rep::ack});
    if (const auto error = peer.wantSimpleReply(7))
    {
        peer.want(*error == ErrorValue::none, nameOf(*error), "success");
        peer.wantBytes(block, "the data");
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.tls.record.many-requests",
        .spec = tlsSpec,
        .says = "The borders of TLS records mean nothing: one may hold many "
                "messages.",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "32 NBD_CMD_READ in one record",
        .wants = "32 replies",
        .needs = required,
        .run =
            [](Peer& peer) {
    peer.secure();
    Exchange io(peer);
    const std::vector<Ask> asks(32, Ask{Cmd::read, 0, block});
    io.sendTogether(asks); // one record
    io.wantOutstanding();
    return peer.verdict();
},
    },
    {
        .id = "nbd.tls.record.corrupt",
        .spec = tlsSpec,
        .says = "A record that was changed on its way ends the connection, "
                "and what is in it is not executed.",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "an option in a record of which one bit is flipped",
        .wants = "a closed connection, and no answer",
        .needs = required,
        .run =
            [](Peer& peer) {
    peer.secure();
    if (peer.stopped())
    {
        return peer.verdict();
    }
    Channel& channel = *peer.channel();
    channel.tls()->write(optionBytes(unknownOption));
    Bytes record = channel.tls()->outgoing();
    record.back() ^= std::byte{1};
    peer.note("an option in a corrupt record");
    channel.wire().send(record, peer.patience());
    const Received end = channel.receive(1, peer.patience());
    peer.want(end.ended == Ended::closed,
              end.ended == Ended::timeout ? "the connection was still open"
                                          : "an answer: " + dump(end.bytes),
              "a closed connection");
    // An alert comes before the end: only that shows that the server is done.
    channel.wire().receive(std::numeric_limits<uint16_t>::max(),
                           peer.patience());
    return peer.verdict();
},
    },
    {
        .id = "nbd.tls.key-update",
        .spec = tlsSpec,
        .says = "A client of TLS 1.3 may change its keys at any time.",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ, KeyUpdate, NBD_CMD_READ, three times",
        .wants = "the data each time",
        .needs = required,
        .run =
            [](Peer& peer) {
    peer.secure(peer.profile().credentials.only(TLS1_3_VERSION));
    if (!peer.stopped())
    {
        go(peer);
    }
    for (int i = 0; i < 3 && !peer.stopped(); ++i)
    {
        peer.wantRead(block);
        peer.channel()->tls()->updateKeys();
        flush(peer, "KeyUpdate");
        peer.wantRead(block);
    }
    return peer.verdict();
},
    },
};

} // namespace

const Area tlsRecordArea{"tls", cases};

} // namespace conformance::nbd
