// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/steps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view requiredSpec =
    "proto.md, TLS support, Server-side requirements, FORCEDTLS mode";
constexpr std::string_view tlsSpec = "proto.md, TLS support";

constexpr Needs required = Needs::tlsRequired;

void flush(Peer& peer, std::string what)
{
    if (!peer.stopped())
    {
        peer.note("-> " + std::move(what));
        peer.channel()->flush(peer.patience());
    }
}

/// Clients that go in the middle of haggling and of transmission.
Verdict leaveTwice(Peer& peer, bool withCloseNotify)
{
    for (const bool transmitting : {false, true})
    {
        peer.start();
        peer.secure();
        if (transmitting && !peer.stopped())
        {
            go(peer);
            peer.wantRead(block);
        }
        if (peer.stopped())
        {
            return peer.verdict();
        }
        if (withCloseNotify)
        {
            peer.channel()->tls()->closeNotify();
            flush(peer, "close_notify");
        }
        peer.hangUp();
    }
    wantOthersServed(peer);
    return wantNoSpin(peer);
}

constexpr Case cases[] = {
    {
        .id = "nbd.tls.established.never-required",
        .spec = requiredSpec,
        .says = "The server MUST NOT send `NBD_REP_ERR_TLS_REQD` in reply to "
                "any option if TLS has already been initiated",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "options of all kinds after TLS",
        .wants = "no NBD_REP_ERR_TLS_REQD",
        .needs = required,
        .run =
            [](Peer& peer) {
    peer.secure();
    for (const Opt option : {Opt::list, Opt::structuredReply, unknownOption})
    {
        peer.sendOption(option);
        if (const auto answer = peer.wantAnswer(option))
        {
            peer.want(answer->last.type != Rep::errTlsReqd,
                      describe(answer->last));
        }
    }
    for (const std::string_view name :
         {std::string_view(peer.profile().exportName), unheardName})
    {
        peer.sendInfo(Opt::info, name);
        if (const auto answer = peer.wantAnswer(Opt::info))
        {
            peer.want(answer->last.type != Rep::errTlsReqd,
                      describe(answer->last));
        }
    }
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.tls.established.starttls-refused",
        .spec = requiredSpec,
        .says = "If the server receives `NBD_OPT_STARTTLS` when TLS has "
                "already been negotiated, it it MUST reply with "
                "`NBD_REP_ERR_INVALID`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_STARTTLS inside TLS",
        .wants = "NBD_REP_ERR_INVALID",
        .needs = required,
        .run =
            [](Peer& peer) {
    peer.secure();
    peer.sendOption(Opt::startTls);
    peer.wantReply(Opt::startTls, Rep::errInvalid);
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.tls.established.no-downgrade",
        .spec = requiredSpec,
        .says = "There is no downgrade to a non-TLS session",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "close_notify after the handshake, then NBD_OPT_LIST in clear",
        .wants = "a closed connection, and no answer in clear",
        .needs = required,
        .endsTarget = true, // some spin from then on
        .run =
            [](Peer& peer) {
    peer.secure();
    if (!peer.stopped())
    {
        peer.channel()->tls()->closeNotify();
        flush(peer, "close_notify");
        peer.note("-> NBD_OPT_LIST in clear");
        peer.channel()->wire().send(optionBytes(Opt::list), peer.patience());
    }
    return wantNothingPlain(peer);
},
    },
    {
        .id = "nbd.tls.write-and-read",
        .spec = tlsSpec,
        .says = "What is written over TLS is read back byte by byte.",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE of up to 1 MiB, then NBD_CMD_READ of it",
        .wants = "the same bytes",
        .needs = required,
        .run =
            [](Peer& peer) {
    const uint64_t size = std::min<uint64_t>(goOverTls(peer), 1 << 20) / block *
                          block;
    if (peer.stopped())
    {
        return peer.verdict();
    }
    Bytes data(size);
    for (std::byte& byte : data)
    {
        byte = static_cast<std::byte>(peer.random()());
    }
    const uint64_t cookie = peer.sendRequest(Cmd::write, 0,
                                             static_cast<uint32_t>(size));
    peer.send(data, fmt::format("{} bytes of payload", size));
    if (const auto error = peer.wantSimpleReply(cookie))
    {
        peer.want(*error == ErrorValue::none, nameOf(*error), "success");
    }
    const uint64_t again = peer.sendRequest(Cmd::read, 0,
                                            static_cast<uint32_t>(size));
    if (const auto error = peer.wantSimpleReply(again))
    {
        peer.want(*error == ErrorValue::none, nameOf(*error), "success");
    }
    if (const auto back = peer.wantBytes(size, "the data"))
    {
        peer.want(*back == data, "other bytes", "the bytes that were written");
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.tls.write.refused-in-step",
        .spec = "proto.md, Request types, NBD_CMD_WRITE (1)",
        .says = "The payload of a write that is refused is read through TLS, "
                "so that the next request is found.",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE of 64 KiB to behind the end, then "
                 "NBD_CMD_READ, eight times",
        .wants = "an error, then the read's data, each time",
        .needs = required,
        .run =
            [](Peer& peer) {
    const uint64_t size = goOverTls(peer) / block * block;
    constexpr uint32_t length = 64 << 10;
    // Eight times: whether records are read ahead is a matter of time.
    for (int i = 0; i < 8 && !peer.stopped() && !peer.closedByTarget(); ++i)
    {
        const uint64_t cookie = peer.sendRequest(Cmd::write, size - block,
                                                 length);
        peer.send(Bytes(length, std::byte{'w'}), "65536 bytes of payload");
        peer.allowClose(i == 0); // at once, or not at all
        if (const auto error = peer.wantSimpleReply(cookie))
        {
            peer.want(*error != ErrorValue::none, "success", "an error");
            peer.allowClose(false);
            peer.wantRead(block);
        }
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.tls.disc.close-notify",
        .spec = "proto.md, Transmission, Terminating the transmission phase",
        .says = "The client sends `NBD_CMD_DISC` whereupon the server MUST "
                "close down the TLS session (if one is running) and then "
                "close the TCP connection",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_DISC over TLS",
        .wants = "close_notify, then a closed connection",
        .needs = required,
        .run =
            [](Peer& peer) {
    goOverTls(peer);
    peer.wantRead(block);
    peer.sendDisconnect();
    if (peer.stopped())
    {
        return peer.verdict();
    }
    const Received end = peer.channel()->receive(1, peer.patience());
    peer.note("<- " + end.how);
    peer.want(end.ended == Ended::closed && end.how == "close_notify",
              end.ended == Ended::timeout ? "nothing more came" : end.how,
              "close_notify");
    if (peer.stopped())
    {
        return peer.verdict();
    }
    // A server may wait for ours before it closes.
    peer.channel()->tls()->closeNotify();
    flush(peer, "close_notify");
    const Received after = peer.channel()->wire().receiveSome(1,
                                                              peer.patience());
    peer.want(after.ended == Ended::closed, "the connection was still open",
              "a closed connection");
    return peer.verdict();
},
    },
    {
        .id = "nbd.tls.close.without-notify",
        .spec = tlsSpec,
        .says = "A client that goes without close_notify leaves a server that "
                "serves the others and does not spin.",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "a TCP close in TLS, while haggling and in transmission",
        .wants = "the next client to be served, and no CPU to be burnt",
        .start = Start::connected,
        .needs = required,
        .run = [](Peer& peer) { return leaveTwice(peer, false); },
    },
    {
        .id = "nbd.tls.close.with-notify",
        .spec = tlsSpec,
        .says = "A client that goes with close_notify leaves a server that "
                "serves the others and does not spin.",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "close_notify and a TCP close, while haggling and in "
                 "transmission",
        .wants = "the next client to be served, and no CPU to be burnt",
        .start = Start::connected,
        .needs = required,
        .endsTarget = true, // some spin from then on
        .run = [](Peer& peer) { return leaveTwice(peer, true); },
    },
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
    append(bytes, requestBytes(Cmd::read, 7, 0, block));
    for (const std::byte& byte : bytes)
    {
        if (!peer.stopped())
        {
            peer.channel()->send({&byte, 1}, peer.patience());
        }
    }
    peer.note(fmt::format("-> {} bytes, each in its own record", bytes.size()));
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
    goOverTls(peer);
    Bytes bytes;
    std::set<uint64_t> cookies;
    while (cookies.size() < 32)
    {
        cookies.insert(peer.random()());
    }
    for (const uint64_t cookie : cookies)
    {
        append(bytes, requestBytes(Cmd::read, cookie, 0, block));
    }
    peer.send(bytes, "32 NBD_CMD_READ in one record");
    while (!cookies.empty() && !peer.stopped())
    {
        const auto reply = peer.wantBytes(SimpleReply::wireSize + block,
                                          "a simple reply and its data");
        if (reply)
        {
            Reader reader{*reply};
            peer.want(reader.u32() == simpleReplyMagic && reader.u32() == 0,
                      dump(*reply), "a simple reply without an error");
            peer.want(cookies.erase(reader.u64()) == 1, dump(*reply),
                      "a cookie that is still open");
        }
    }
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
    peer.note("-> an option in a corrupt record");
    channel.wire().send(record, peer.patience());
    const Received end = channel.receive(1, peer.patience());
    peer.note("<- " + end.how);
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

const Area tlsArea{"tls", cases};

} // namespace conformance::nbd
