// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/tls_steps.hpp"
#include "conformance/nbd/work_area.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

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
        peer.note("NBD_OPT_LIST in clear");
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
    const Bytes data = noise(peer.random(), size);
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
};

} // namespace

const Area tlsArea{"tls", cases};

} // namespace conformance::nbd
