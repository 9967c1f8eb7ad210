// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/extended_reply.hpp"
#include "conformance/nbd/tls_steps.hpp"

#include <fmt/format.h>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view startSpec =
    "proto.md, Option types, NBD_OPT_STARTTLS (5)";
constexpr std::string_view noState =
    "When this command succeeds, the server MUST NOT preserve any negotiation "
    "state (such as a request for `NBD_OPT_STRUCTURED_REPLY`, or metadata "
    "contexts from `NBD_OPT_SET_META_CONTEXT`) issued before this command";
constexpr std::string_view allOverTls =
    "After an `NBD_REP_ACK` reply has been sent, the server MUST be prepared "
    "for a TLS handshake, and all further data MUST be sent and received over "
    "TLS";

bool isTlsRecord(int firstByte)
{
    return firstByte >= 0x14 && firstByte <= 0x17; // RFC 8446, section 5.1
}

constexpr Case cases[] = {
    {
        .id = "nbd.tls.starttls.acknowledged",
        .spec = requiredSpec,
        .says = "If the server receives `NBD_OPT_STARTTLS` prior to "
                "negotiating TLS, it MUST reply with `NBD_REP_ACK`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_STARTTLS",
        .wants = "NBD_REP_ACK without data, and TLS",
        .needs = required,
        .run =
            [](Peer& peer) {
    peer.secure();
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.tls.starttls.data-refused",
        .spec = startSpec,
        .says = "The server MUST either reply with `NBD_REP_ACK` after which "
                "point the connection is upgraded to TLS, or an error reply "
                "explicitly permitted by this document",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_STARTTLS with data",
        .wants = "NBD_REP_ERR_INVALID or another error, and no TLS",
        .needs = required,
        .run =
            [](Peer& peer) {
    peer.sendOption(Opt::startTls, "sixteen bytes...");
    return peer.wantRefusal(Opt::startTls, {Rep::errInvalid, Rep::errPolicy,
                                            Rep::errUnsup, Rep::errPlatform});
},
    },
    {
        .id = "nbd.tls.starttls.plain-instead-of-hello",
        .spec = requiredSpec,
        .says = handshakeFails,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST in clear after NBD_REP_ACK",
        .wants = "a closed connection, and no answer of NBD",
        .needs = required,
        .run =
            [](Peer& peer) {
    peer.wantTlsStart();
    peer.sendOption(Opt::list);
    return wantNothingPlain(peer);
},
    },
    {
        .id = "nbd.tls.starttls.nothing-plain-after",
        .spec = requiredSpec,
        .says = allOverTls,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_STARTTLS and a TLS handshake",
        .wants = "a TLS record as the first thing after NBD_REP_ACK",
        .needs = required,
        .run =
            [](Peer& peer) {
    peer.wantTlsStart();
    if (!peer.stopped())
    {
        const TlsHandshake handshake =
            peer.shakeHands(peer.profile().credentials);
        const int first = peer.channel()->tls() == nullptr
                              ? -1
                              : peer.channel()->tls()->firstByte();
        peer.want(
            isTlsRecord(first),
            fmt::format("{:#x} as the first byte; {}", first, handshake.how),
            "a TLS record");
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.tls.starttls.stall",
        .spec = tlsSpec,
        .says = "A client that stops before its ClientHello holds up nobody "
                "else.",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "NBD_OPT_STARTTLS and then nothing, on four connections",
        .wants = "another client to be served",
        .needs = required,
        .run =
            [](Peer& peer) {
    std::vector<Peer> stalled;
    for (int i = 0; i < 3; ++i)
    {
        stalled.push_back(peer.another());
        stalled.back().start();
        stalled.back().wantTlsStart();
        adopt(peer, stalled.back());
    }
    peer.wantTlsStart();
    return wantOthersServed(peer);
},
    },
    {
        .id = "nbd.tls.state.structured-replies-forgotten",
        .spec = startSpec,
        .says = noState,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_STRUCTURED_REPLY, NBD_OPT_STARTTLS, NBD_OPT_GO and "
                 "NBD_CMD_READ",
        .wants = "a simple reply",
        .needs = Needs::tlsOn,
        .run =
            [](Peer& peer) {
    needOption(peer, Opt::structuredReply);
    goOverTls(peer);
    return peer.wantRead(block);
},
    },
    {
        .id = "nbd.tls.state.contexts-forgotten",
        .spec = startSpec,
        .says = noState,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_SET_META_CONTEXT before TLS, "
                 "NBD_OPT_STRUCTURED_REPLY after it, then "
                 "NBD_CMD_BLOCK_STATUS",
        .wants = "an error",
        .needs = Needs::tlsOn,
        .run =
            [](Peer& peer) {
    needOption(peer, Opt::structuredReply);
    needOption(peer, Opt::setMetaContext, allocationQuery(peer));
    peer.secure();
    peer.sendOption(Opt::structuredReply);
    peer.wantAnswer(Opt::structuredReply, {Rep::ack});
    go(peer);
    const auto reply =
        Conversation(peer, Replies::structured).ask(Cmd::blockStatus, 0, block);
    peer.want(!reply || reply->error != ErrorValue::none, "extents",
              "an error");
    return peer.verdict();
},
    },
    {
        .id = "nbd.tls.state.extended-headers-forgotten",
        .spec = startSpec,
        .says = noState,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_EXTENDED_HEADERS, NBD_OPT_STARTTLS, NBD_OPT_GO and "
                 "a compact NBD_CMD_READ",
        .wants = "a simple reply",
        .needs = Needs::tlsOn,
        .run =
            [](Peer& peer) {
    needOption(peer, Opt::extendedHeaders);
    goOverTls(peer);
    return peer.wantRead(block);
},
    },
    {
        .id = "nbd.tls.inject.option-behind-starttls",
        .spec = requiredSpec,
        .says = allOverTls,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_STARTTLS and NBD_OPT_LIST in one segment, then a "
                 "TLS handshake",
        .wants = "no answer to NBD_OPT_LIST, neither in clear nor in TLS",
        .needs = required,
        .run =
            [](Peer& peer) {
    Bytes both = optionBytes(Opt::startTls);
    append(both, optionBytes(Opt::list));
    peer.send(both, "NBD_OPT_STARTTLS and NBD_OPT_LIST");
    peer.allowClose(true);
    const auto answer = peer.wantAnswer(Opt::startTls);
    if (!answer || !answer->acknowledged())
    {
        return peer.verdict(); // it saw a violation and said so
    }
    const TlsHandshake handshake = peer.shakeHands(peer.profile().credentials);
    if (!handshake.done)
    {
        peer.want(handshake.ended != Ended::garbled,
                  "no TLS record after NBD_REP_ACK: " + handshake.how,
                  "nothing in clear");
        peer.want(handshake.ended != Ended::timeout, handshake.how,
                  "TLS, or a closed connection");
        return peer.verdict();
    }
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.tls.inject.hello-behind-starttls",
        .spec = requiredSpec,
        .says = "A ClientHello that came together with NBD_OPT_STARTTLS makes "
                "TLS, or ends the connection.",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "NBD_OPT_STARTTLS and the ClientHello in one segment",
        .wants = "TLS that works, or a closed connection",
        .needs = required,
        .run =
            [](Peer& peer) {
    Channel& channel = *peer.channel();
    if (!channel.beginTls(peer.profile().credentials))
    {
        return notTested("OpenSSL gives no such client");
    }
    channel.tls()->shakeHands();
    Bytes both = optionBytes(Opt::startTls);
    append(both, channel.tls()->outgoing());
    peer.note("NBD_OPT_STARTTLS and ClientHello");
    channel.wire().send(both, peer.patience());
    const Received reply = channel.wire().receive(OptionReplyHeader::wireSize,
                                                  peer.patience());
    if (reply.ended == Ended::closed)
    {
        return peer.verdict();
    }
    peer.want(reply.ended == Ended::no, "no answer to NBD_OPT_STARTTLS");
    if (peer.stopped())
    {
        return peer.verdict();
    }
    const TlsHandshake handshake = channel.shakeHands(peer.patience());
    if (!handshake.done)
    {
        peer.want(handshake.ended == Ended::closed, handshake.how);
        return peer.verdict();
    }
    return peer.wantUsable();
},
    },
};

} // namespace

const Area tlsStartArea{"tls start", cases};

} // namespace conformance::nbd
