// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/peer.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;

/// What clients and networks do to a connection below the protocol.
namespace
{

constexpr std::string_view endSpec =
    "proto.md, Termination of the session during option haggling";
constexpr uint32_t block = 4096; // a multiple of the block sizes in use

Bytes option(Opt code, ByteView data = {})
{
    Bytes bytes;
    append(bytes,
           encode(OptionHeader{code, static_cast<uint32_t>(data.size())}));
    append(bytes, data);
    return bytes;
}

Bytes goOption(Peer& peer)
{
    return option(Opt::go, peer.infoRequest(peer.profile().exportName));
}

/// A new client gets its answers.
Verdict wantServed(Peer& peer)
{
    peer.start();
    return peer.wantUsable();
}

/// In transmission; gives @p wanted, or as much as the export holds.
uint32_t enter(Peer& peer, uint32_t wanted)
{
    peer.sendInfo(Opt::go, peer.profile().exportName);
    const auto answer = peer.wantAnswer(Opt::go, {Rep::ack});
    const auto info = answer ? answer->exportInfo() : std::nullopt;
    const uint64_t size = info ? info->size / block * block : 0;
    if (size < uint64_t{16} * block)
    {
        peer.conclude(notApplicable("the export is smaller than 8 KiB"));
    }
    return static_cast<uint32_t>(std::min<uint64_t>(size, wanted));
}

constexpr Case cases[] = {
    {
        .id = "nbd.connection.dropped-at-once",
        .spec = endSpec,
        .says = "The client or the server can disconnect the TCP session "
                "without activity at the NBD protocol level",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "nothing: 20 connections that are dropped at once",
        .wants = "a server that serves the next client (the shape of "
                 "CVE-2017-9524)",
        .start = Start::connected,
        .run =
            [](Peer& peer) {
    for (int i = 0; i < 20; ++i)
    {
        peer.connect();
        peer.drop();
    }
    return wantServed(peer);
},
    },
    {
        .id = "nbd.connection.byte-by-byte",
        .spec = "proto.md, Newstyle negotiation",
        .says = "C: any data needed for the chosen option, of length as "
                "specified above",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "client flags, NBD_OPT_GO and NBD_CMD_READ, a byte in "
                 "each segment",
        .wants = "the replies that whole messages get",
        .start = Start::connected,
        .run =
            [](Peer& peer) {
    peer.connect();
    peer.wantGreeting();
    Bytes bytes;
    append(bytes, bothClientFlags);
    append(bytes, option(unknownOption));
    append(bytes, goOption(peer));
    peer.sendByByte(bytes, "client flags, an unknown option, NBD_OPT_GO");
    peer.wantReply(unknownOption, Rep::errUnsup);
    peer.wantReply(Opt::go, Rep::ack);
    const uint64_t cookie = peer.random()();
    peer.sendByByte(encode(Request{0, Cmd::read, cookie, 0, block}),
                    "NBD_CMD_READ");
    const auto error = peer.wantSimpleReply(cookie);
    peer.want(!error || *error == ErrorValue::none,
              error ? nameOf(*error) : "");
    peer.wantBytes(block, "the data of NBD_CMD_READ");
    return peer.verdict();
},
    },
    {
        .id = "nbd.connection.all-at-once",
        .spec = "proto.md, Fixed newstyle negotiation",
        .says = "The client MUST NOT send any option until it has "
                "received a final reply to any option it has sent",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "client flags, two unknown options, NBD_OPT_GO, "
                 "NBD_CMD_READ and NBD_CMD_DISC in one segment",
        .wants = "replies in this order, as far as they come, then a "
                 "closed connection",
        .start = Start::connected,
        .run =
            [](Peer& peer) {
    peer.connect();
    peer.wantGreeting();
    const uint64_t cookie = peer.random()();
    Bytes bytes;
    append(bytes, bothClientFlags);
    append(bytes, option(unknownOption));
    append(bytes, option(unknownOption));
    append(bytes, goOption(peer));
    append(bytes, encode(Request{0, Cmd::read, cookie, 0, block}));
    append(bytes, encode(Request{0, Cmd::disc, cookie + 1, 0, 0}));
    peer.send(bytes, "all of it");
    peer.allowClose(true);
    for (const Opt one : {unknownOption, unknownOption})
    {
        peer.wantAnswer(one, {Rep::errUnsup});
    }
    peer.wantAnswer(Opt::go, {Rep::ack});
    // "SHOULD wait until there are no inflight requests": the read may be lost.
    const auto read = peer.wantBytes(SimpleReply::wireSize + block, "a reply");
    const auto reply =
        read ? decodeSimpleReply(ByteView(*read).first<SimpleReply::wireSize>())
             : tl::unexpected(WireError::badLength);
    peer.want(!read || (reply && reply->cookie == cookie),
              read ? dump(*read) : "", "the reply to the read");
    return peer.wantClosed();
},
    },
    {
        .id = "nbd.connection.idle-clients",
        .spec = "proto.md, Termination of the session during option "
                "haggling",
        .says = "if a server believes a client's behaviour constitutes a "
                "denial of service, it MAY initiate a hard disconnect",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "100 connections that stay silent, another client, and "
                 "one more when they have gone",
        .wants = "the last one served; the one before it served or refused",
        .start = Start::connected,
        .run =
            [](Peer& peer) {
    // A server that is full may leave the others waiting, so nobody waits
    // long until the idle ones have gone.
    constexpr std::chrono::milliseconds brief(100);
    std::vector<Peer> idle;
    for (int i = 0; i < 100; ++i)
    {
        idle.push_back(peer.another(brief));
        idle.back().connect();
        if (idle.back().stopped())
        {
            break;
        }
    }
    Peer next = peer.another(brief);
    next.start();
    next.wantUsable();
    peer.note(fmt::format("{} silent connections; the next one {}", idle.size(),
                          next.stopped() ? "was not served" : "was served"));
    next.hangUp();
    idle.clear();
    return wantServed(peer);
},
    },
    {
        .id = "nbd.connection.dropped-anywhere",
        .spec = endSpec,
        .says = "The client or the server can disconnect the TCP session "
                "without activity at the NBD protocol level",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "client flags, NBD_OPT_STRUCTURED_REPLY, NBD_OPT_GO and "
                 "the header of NBD_CMD_WRITE, cut off after each byte",
        .wants = "a server that serves the next client",
        .start = Start::connected,
        .run =
            [](Peer& peer) {
    Bytes bytes;
    append(bytes, bothClientFlags);
    append(bytes, option(Opt::structuredReply));
    append(bytes, goOption(peer));
    append(bytes, encode(Request{0, Cmd::write, 1, 0, block}));
    for (size_t size = 0; size <= bytes.size(); ++size)
    {
        peer.connect();
        peer.wantGreeting();
        peer.send(ByteView(bytes).first(size),
                  fmt::format("the first {} bytes", size));
        peer.hangUp();
    }
    return wantServed(peer);
},
    },
    {
        .id = "nbd.connection.half-closed",
        .spec = "proto.md, Terminating the transmission phase",
        .says = "The client and the server MUST NOT initiate any form of "
                "disconnect other than in one of the above circumstances",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ and the end of what we send, 32 times",
        .wants = "the reply to each of them",
        .run =
            [](Peer& peer) {
    for (int round = 0; round < 32; ++round)
    {
        const uint32_t size = enter(peer, 1 << 20);
        const uint64_t cookie = peer.sendRequest(Cmd::read, 0, size);
        peer.endSending();
        const auto error = peer.wantSimpleReply(cookie);
        // It ends now: NBD_ESHUTDOWN is an answer, too.
        peer.want(!error || *error == ErrorValue::none ||
                      *error == ErrorValue::eshutdown,
                  error ? nameOf(*error) : "");
        peer.wantBytes(error == ErrorValue::none ? size : 0, "the data");
        peer.start();
    }
    return peer.wantUsable();
},
    },
    {
        .id = "nbd.connection.reset-with-replies-queued",
        .spec = "proto.md, Terminating the transmission phase",
        .says = "The client or the server drops the TCP session",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "64 NBD_CMD_READ of up to 64 KiB, and drops the "
                 "connection without reading a byte",
        .wants = "a server that serves the next client (the shape of "
                 "CVE-2017-10664)",
        .run =
            [](Peer& peer) {
    for (int round = 0; round < 4; ++round)
    {
        const uint32_t size = enter(peer, 64 << 10);
        Bytes bytes;
        for (uint64_t cookie = 0; cookie < 64; ++cookie)
        {
            append(bytes, encode(Request{0, Cmd::read, cookie, 0, size}));
        }
        peer.send(bytes, "64 NBD_CMD_READ");
        peer.drop();
        peer.start();
    }
    return peer.wantUsable();
},
    },
};

} // namespace

const Area connectionArea{"connection", cases};

} // namespace conformance::nbd
