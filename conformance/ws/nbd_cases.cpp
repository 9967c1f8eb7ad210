// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "client_play.hpp"
#include "closings.hpp"
#include "server_play.hpp"

#include <fmt/format.h>

#include <chrono>

namespace conformance::ws
{

namespace
{

using namespace vmedia::nbd;

constexpr std::string_view spec = "RFC 6455, 5.4";
constexpr std::string_view says =
    "NBD is a stream: where its messages end is no matter of where WebSocket "
    "messages end.";
constexpr std::string_view noNbd = "nothing behind it speaks NBD";
constexpr std::string_view noGo = "the client chose its export without "
                                  "NBD_OPT_GO, to which replies are few";

bool isServer(const Peer& peer)
{
    return peer.profile().role == Role::gateway;
}

bool isClient(const Peer& peer)
{
    return peer.profile().role == Role::bmc;
}

void sendSplit(Peer& peer, ByteView bytes, size_t at)
{
    peer.sendData(bytes.first(at));
    peer.wantOpenStill(); // the first half is done with
    peer.sendData(bytes.subspan(at));
}

/// NBD_REP_INFO to NBD_OPT_GO: a description, which a client may pass over.
Bytes description()
{
    constexpr std::string_view text = "split";
    Bytes out;
    append(out, encode(OptionReplyHeader{Opt::go, Rep::info,
                                         sizeof(Info) + text.size()}));
    append(out, Info::description);
    append(out, text);
    return out;
}

/// A session in which we are the NBD server, and the client gets @p more in
/// front of what is owed to its NBD_OPT_GO.
Verdict repliesToGo(Peer& peer, void (*more)(Peer& peer, Bytes owed))
{
    bool gone = false;
    ServerPlay play;
    peer.sendData(Negotiator::greeting());
    play.haggle(peer, [&gone, more](Peer& to, const ServerPlay::Told& told) {
        if (told.option == Opt::go && told.next == Phase::transmission)
        {
            gone = true;
            return more(to, told.replies);
        }
        to.sendData(told.replies);
    });
    if (!peer.stopped() && !gone)
    {
        return leaveOut(peer, std::string(noGo));
    }
    play.learnDepth(peer);
    peer.closeWell();
    return peer.verdict();
}

Verdict splitsOption(Peer& peer)
{
    peer.open();
    if (isClient(peer))
    {
        return repliesToGo(peer, [](Peer& to, Bytes owed) {
            const Bytes reply = description();
            for (size_t at = 1; at < reply.size(); ++at)
            {
                sendSplit(to, reply, at);
            }
            to.sendData(owed);
        });
    }
    if (!isServer(peer))
    {
        return leaveOut(peer, std::string(noNbd));
    }
    ClientPlay play;
    play.hearGreeting(peer);
    peer.sendData(play.flags());
    const Bytes option = ClientPlay::unknownOption("split");
    for (size_t at = 1; at < option.size() && !peer.stopped(); ++at)
    {
        sendSplit(peer, option, at);
        ClientPlay::wantUnsupported(peer);
    }
    peer.closeWell();
    return peer.verdict();
}

Verdict joinsOptions(Peer& peer)
{
    peer.open();
    if (isClient(peer))
    {
        return repliesToGo(peer, [](Peer& to, Bytes owed) {
            Bytes all = description();
            append(all, ByteView(owed));
            to.sendData(all);
        });
    }
    if (!isServer(peer))
    {
        return leaveOut(peer, std::string(noNbd));
    }
    ClientPlay play;
    play.hearGreeting(peer);
    peer.sendData(play.flags());
    Bytes both = ClientPlay::unknownOption("one");
    append(both, ByteView(ClientPlay::unknownOption("another")));
    peer.sendData(both);
    ClientPlay::wantUnsupported(peer);
    ClientPlay::wantUnsupported(peer);
    peer.closeWell();
    return peer.verdict();
}

/// A write of what is there already: it changes nothing.
void writeWhatIsThere(Peer& peer)
{
    ClientPlay play;
    play.begin(peer);
    if (peer.stopped() || play.isReadOnly())
    {
        return peer.conclude(notApplicable("the export is read-only"));
    }
    const auto length =
        static_cast<uint32_t>(std::min<uint64_t>(512, play.exportSize()));
    const auto read = ClientPlay::request(peer, Cmd::read, 0, length);
    peer.sendData(encode(read));
    const auto good = ClientPlay::hearReply(peer, read);
    peer.want(good == ErrorValue::none, "an error", "the data");
    const auto data = peer.wantStream(length, "the data");
    if (!data)
    {
        return;
    }
    const auto write = ClientPlay::request(peer, Cmd::write, 0, length);
    Bytes whole;
    append(whole, encode(write));
    append(whole, ByteView(*data));
    peer.sendData(whole);
    ClientPlay::hearReply(peer, write); // an error is an answer too
}

Verdict carriesOne(Peer& peer)
{
    peer.open();
    if (isServer(peer))
    {
        writeWhatIsThere(peer);
    }
    else if (isClient(peer))
    {
        ServerPlay play;
        play.begin(peer);
        if (!peer.stopped())
        {
            peer.sendData(replyTo(play.takeOldest()));
        }
        play.wantMore(peer);
    }
    else
    {
        return leaveOut(peer, std::string(noNbd));
    }
    peer.closeWell();
    return peer.verdict();
}

Verdict turnsOrder(Peer& peer)
{
    peer.open();
    ServerPlay play;
    play.begin(peer);
    if (!peer.stopped() && play.depth() < 2)
    {
        return leaveOut(peer, "the client has one request at a time in flight");
    }
    while (!peer.stopped() && play.hasWaiting())
    {
        peer.sendData(replyTo(play.takeNewest()));
    }
    play.wantMore(peer);
    peer.closeWell();
    return peer.verdict();
}

Verdict goesOnAfterError(Peer& peer)
{
    peer.open();
    if (isServer(peer))
    {
        ClientPlay play;
        play.begin(peer);
        const auto beyond = ClientPlay::request(peer, Cmd::read,
                                                play.exportSize(), 1);
        peer.sendData(encode(beyond));
        const auto error = ClientPlay::hearReply(peer, beyond);
        peer.want(error != ErrorValue::none, "no error",
                  "an error for a read beyond the end");
        const auto within = ClientPlay::request(peer, Cmd::read, 0, 1);
        peer.sendData(encode(within));
        const auto none = ClientPlay::hearReply(peer, within);
        peer.want(none == ErrorValue::none, "an error", "a byte of data");
        peer.wantStream(1, "a byte of data");
    }
    else if (isClient(peer))
    {
        ServerPlay play;
        play.begin(peer);
        if (!peer.stopped())
        {
            peer.sendData(errorTo(play.takeOldest(), ErrorValue::eio));
        }
        play.wantMore(peer);
    }
    else
    {
        return leaveOut(peer, std::string(noNbd));
    }
    peer.closeWell();
    return peer.verdict();
}

Verdict inventsCookie(Peer& peer)
{
    peer.open();
    ServerPlay play;
    play.begin(peer);
    if (!peer.stopped())
    {
        NbdRequest request = play.takeOldest();
        request.cookie = peer.random()();
        peer.sendData(errorTo(request, ErrorValue::none));
    }
    wantLeave(peer, {});
    wantFreeSlot(peer);
    return peer.verdict();
}

/// A reply after @p time. An end instead of it is for the case to judge.
void replyLate(Peer& peer, ServerPlay& play, std::chrono::seconds time)
{
    peer.open();
    play.begin(peer);
    peer.waitOut(time);
    const Ending& end = peer.ending();
    if (!peer.stopped() && !end.close && end.ended == Ended::no)
    {
        while (play.hasWaiting())
        {
            peer.sendData(replyTo(play.takeOldest()));
        }
    }
}

Verdict waitsFor29s(Peer& peer)
{
    ServerPlay play;
    replyLate(peer, play, std::chrono::seconds(29));
    play.wantMore(peer);
    peer.closeWell();
    return peer.verdict();
}

Verdict waitsFor31s(Peer& peer)
{
    ServerPlay play;
    replyLate(peer, play, std::chrono::seconds(31));
    const Ending& end = peer.ending();
    if (end.close || end.ended != Ended::no)
    {
        wantLeave(peer, {});
        wantFreeSlot(peer);
        return peer.verdict();
    }
    play.wantMore(peer);
    peer.closeWell();
    return leaveOut(peer, "the client waits for more than 30 s, and goes on");
}

constexpr Case cases[] = {
    {
        .id = "ws.nbd.option-split-every-offset",
        .spec = spec,
        .says = says,
        .level = Level::robustness,
        .sends = "options, or replies to one, split at each offset",
        .wants = "all are understood",
        .run = splitsOption,
    },
    {
        .id = "ws.nbd.option-and-next-in-one",
        .spec = spec,
        .says = says,
        .level = Level::robustness,
        .sends = "two options, or all replies to one, in one message",
        .wants = "all are understood",
        .run = joinsOptions,
    },
    {
        .id = "ws.nbd.request-in-one-message",
        .spec = spec,
        .says = says,
        .level = Level::robustness,
        .sends = "a write (of what is there already) or a reply to a read, "
                 "with its data in one message",
        .wants = "it is answered",
        .run = carriesOne,
    },
    {
        .id = "ws.nbd.replies-out-of-order",
        .spec = spec,
        .says = "Each NBD reply is for the request with its cookie, in "
                "whatever order they come.",
        .level = Level::robustness,
        .sends = "the replies to all requests in flight, the newest first",
        .wants = "the client reads on",
        .needs = Needs::nbdClient,
        .run = turnsOrder,
    },
    {
        .id = "ws.nbd.error-then-success",
        .spec = spec,
        .says = "An error is an answer to one request, and no end of the "
                "session.",
        .level = Level::robustness,
        .sends = "a read beyond the end, or an error reply; then what is well",
        .wants = "the session goes on",
        .run = goesOnAfterError,
    },
    {
        .id = "ws.nbd.unknown-handle",
        .spec = spec,
        .says = "A client that gets a reply to nothing is out of step: the "
                "session is over.",
        .level = Level::robustness,
        .sends = "a reply with a cookie that no request has",
        .wants = "Close, the end of the connection, and a free slot",
        .needs = Needs::nbdClient,
        .run = inventsCookie,
    },
    {
        .id = "ws.nbd.slow-reply-29s",
        .spec = spec,
        .says = "A medium may take its time: nbd-client of a BMC waits 30 s.",
        .level = Level::robustness,
        .sends = "a reply after 29 s",
        .wants = "the client reads on",
        .needs = Needs::nbdClient,
        .slow = true,
        .run = waitsFor29s,
    },
    {
        .id = "ws.nbd.slow-reply-31s",
        .spec = spec,
        .says = "Who gives up on a medium tells the other side, and frees its "
                "slot.",
        .level = Level::robustness,
        .sends = "a reply after 31 s",
        .wants = "the end of the connection, if the client waits for 30 s",
        .needs = Needs::nbdClient,
        .slow = true,
        .run = waitsFor31s,
    },
};

} // namespace

std::span<const Case> nbdCases()
{
    return cases;
}

} // namespace conformance::ws
