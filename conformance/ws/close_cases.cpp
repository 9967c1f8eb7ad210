// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "closings.hpp"
#include "conversation.hpp"

#include <fmt/format.h>

#include <chrono>

namespace conformance::ws
{

namespace
{

constexpr std::string_view spec = "RFC 6455, 5.5.1";
constexpr std::string_view answers =
    "If an endpoint receives a Close frame and did not previously send a Close "
    "frame, the endpoint MUST send a Close frame in response.";
constexpr std::string_view noneAfter =
    "The application MUST NOT send any more data frames after sending a Close "
    "frame.";
constexpr std::string_view endsTcp =
    "The server MUST close the underlying TCP connection immediately";

Verdict takesReason(Peer& peer, size_t length)
{
    return closes(peer, 1000, std::string(length, '*'), {1000});
}

/// What is behind a Close in the same segment is nothing to the target.
Verdict ignores(Peer& peer, ByteView behind)
{
    peer.open();
    peer.sendClose(1000, {}, behind);
    while (!peer.stopped() && !peer.ending().close)
    {
        const auto frame = peer.nextFrame();
        if (!frame)
        {
            break;
        }
        peer.want(frame->header.opcode != Opcode::pong,
                  "the ping behind the Close was answered",
                  "one Close, and the end of the connection");
    }
    peer.wantClose();
    peer.wantEnd();
    return peer.verdict();
}

/// Has the target say Close first, which a reserved opcode is a reason for.
void provoke(Peer& peer)
{
    peer.sendFrame({.opcode = Opcode{0xB}, .mask = peer.mask()});
    while (!peer.ending().close && peer.nextFrame())
    {}
}

Verdict dataBehindClose(Peer& peer)
{
    peer.open();
    const auto talk = converse(peer);
    if (!talk)
    {
        return leaveOut(peer, "what is behind it is unknown");
    }
    // Until these have come, no one on the other side says anything.
    const Bytes words = talk->firstWords(peer);
    peer.sendClose(1000, {}, peer.framed({.payload = words}));
    peer.wantClose();
    peer.want(peer.streamSize() == 0, "data that came of them",
              "Close, and the end of the connection");
    peer.wantEnd();
    return peer.verdict();
}

Verdict endsAtOnce(Peer& peer)
{
    using std::chrono::milliseconds;
    using Clock = std::chrono::steady_clock;
    peer.open();
    peer.sendClose();
    peer.wantClose();
    const auto closed = Clock::now();
    peer.wantEnd();
    // One second, and more where everything is slow (--timeout-scale).
    const milliseconds limit = peer.patience() / 3;
    const auto took =
        std::chrono::duration_cast<milliseconds>(Clock::now() - closed);
    if (took > limit)
    {
        peer.warn(
            fmt::format("the end of TCP {} ms after its Close", took.count()),
            fmt::format("the end within {} ms", limit.count()));
    }
    return peer.verdict();
}

Verdict endsThoughWeDoNot(Peer& peer)
{
    peer.open();
    peer.closeWell();
    peer.open();
    provoke(peer);
    // Whether that has to be refused is another case.
    if (peer.ending().close)
    {
        peer.wantEnd();
    }
    return peer.verdict();
}

/// The end of TCP, though the Close that came gets no answer.
void wantGivenUp(Peer& peer)
{
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::seconds longest{35};
    const auto until = Clock::now() + longest;
    while (!peer.stopped() && peer.ending().ended != Ended::closed &&
           Clock::now() < until)
    {
        peer.goOn();
        while (peer.nextFrame())
        {}
    }
    peer.want(peer.ending().ended == Ended::closed,
              fmt::format("the connection is open {} s after its Close",
                          longest.count()),
              "the end of the connection");
}

Verdict givesUp(Peer& peer)
{
    peer.leaveCloseUnanswered();
    peer.open();
    provoke(peer);
    bool saidClose = peer.ending().close.has_value();
    if (saidClose)
    {
        wantGivenUp(peer);
    }
    // It has another reason if what is behind it has ended.
    peer.open();
    if (breakNbd(peer))
    {
        while (!peer.ending().close && peer.nextFrame())
        {}
        if (peer.ending().close)
        {
            saidClose = true;
            wantGivenUp(peer);
        }
    }
    return saidClose ? peer.verdict()
                     : leaveOut(peer, "it never says Close first");
}

/// Whether all of it was answered, by a client of its own: only that is told.
Verdict tellsOfDataBefore(Peer& peer)
{
    constexpr size_t size = 256U << 10;
    Peer trial = peer.another();
    trial.open();
    const auto talk = converse(trial);
    if (!talk)
    {
        return leaveOut(peer, "what is behind it is unknown");
    }
    talk->begin(trial);
    const Bytes bytes = talk->next(trial, size);
    if (trial.stopped())
    {
        return trial.verdict();
    }
    trial.sendData(bytes);
    trial.sendClose();
    while (trial.nextFrame())
    {}
    const Ending end = trial.ending();
    talk->wantAnswer(trial); // in what has come
    const bool all = !trial.stopped();
    peer.want(end.close.has_value(), "no Close frame", "Close");
    peer.want(end.ended == Ended::closed, "the connection stays open",
              "the end of the connection");
    return peer.stopped() ? peer.verdict()
           : all          ? noted("all of it was answered")
                          : noted("not all of it was answered");
}

constexpr Case cases[] = {
    {
        .id = "ws.cls.empty",
        .spec = spec,
        .says = answers,
        .level = Level::must,
        .sends = "a Close without a body",
        .wants = "a Close without a body or with 1000, and the end of the "
                 "connection",
        .autobahn = "7.3.1",
        .run =
            [](Peer& peer) {
    return closes(peer, std::nullopt, {}, {0, 1000});
},
    },
    {
        .id = "ws.cls.1000",
        .spec = spec,
        .says = answers,
        .level = Level::must,
        .sends = "Close 1000",
        .wants = "Close 1000, and the end of the connection",
        .autobahn = "7.3.3",
        .run = [](Peer& peer) { return closes(peer, 1000, {}, {1000}); },
    },
    {
        .id = "ws.cls.reason-0",
        .spec = spec,
        .says = answers,
        .level = Level::must,
        .sends = "Close 1000 with a reason of 0 bytes",
        .wants = "Close 1000, and the end of the connection",
        .autobahn = "7.3.3",
        .run = [](Peer& peer) { return takesReason(peer, 0); },
    },
    {
        .id = "ws.cls.reason-1",
        .spec = spec,
        .says = answers,
        .level = Level::must,
        .sends = "Close 1000 with a reason of 1 byte",
        .wants = "Close 1000, and the end of the connection",
        .autobahn = "7.3.4",
        .run = [](Peer& peer) { return takesReason(peer, 1); },
    },
    {
        .id = "ws.cls.reason-123",
        .spec = spec,
        .says = answers,
        .level = Level::must,
        .sends = "Close 1000 with a reason of 123 bytes, the most there can be",
        .wants = "Close 1000, and the end of the connection",
        .autobahn = "7.3.5",
        .run = [](Peer& peer) { return takesReason(peer, 123); },
    },
    {
        .id = "ws.cls.len-1",
        .spec = spec,
        .says = "If there is a body, the first two bytes of the body MUST be a "
                "2-byte unsigned integer (in network byte order) representing "
                "a status code",
        .level = Level::must,
        .sends = "a Close with a body of 1 byte",
        .wants = "Close 1002, and the end of the connection",
        .autobahn = "7.3.2",
        .run =
            [](Peer& peer) {
    return refusesClose(peer, Bytes(1, std::byte{3}));
},
    },
    {
        .id = "ws.cls.reason-124",
        .spec = "RFC 6455, 5.5",
        .says = "All control frames MUST have a payload length of 125 bytes or "
                "less and MUST NOT be fragmented.",
        .level = Level::must,
        .sends = "Close 1000 with a reason of 124 bytes",
        .wants = "Close 1002, and the end of the connection",
        .autobahn = "7.3.6",
        .run =
            [](Peer& peer) {
    return refusesClose(peer, closeBody(1000, std::string(124, '*')));
},
    },
    {
        .id = "ws.cls.reason-bad-utf8",
        .spec = spec,
        .says = "Following the 2-byte integer, the body MAY contain "
                "UTF-8-encoded data with value /reason/",
        .level = Level::must,
        .sends = "Close 1000 with a reason that is not UTF-8",
        .wants = "Close 1007 or 1002, and the end of the connection",
        .autobahn = "7.5.1",
        .run =
            [](Peer& peer) {
    return refusesClose(peer, closeBody(1000, "\xED\xA0\x80"), {1007, 1002});
},
    },
    {
        .id = "ws.cls.twice",
        .spec = spec,
        .says = noneAfter,
        .level = Level::must,
        .sends = "Close 1000 two times in one segment",
        .wants = "one Close, and the end of the connection",
        .autobahn = "7.1.2",
        .run =
            [](Peer& peer) {
    return ignores(peer, peer.framed({.opcode = Opcode::close,
                                      .payload = closeBody(1000)}));
},
    },
    {
        .id = "ws.cls.ping-after",
        .spec = spec,
        .says = endsTcp,
        .level = Level::must,
        .sends = "Close 1000 and a ping behind it",
        .wants = "Close and the end of the connection, and no pong",
        .autobahn = "7.1.3",
        .run =
            [](Peer& peer) {
    return ignores(peer, peer.framed({.opcode = Opcode::ping}));
},
    },
    {
        .id = "ws.cls.data-after",
        .spec = spec,
        .says = noneAfter,
        .level = Level::must,
        .sends = "Close 1000 and data behind it",
        .wants = "Close and the end of the connection, and no answer to them",
        .autobahn = "7.1.4",
        .run = dataBehindClose,
    },
    {
        .id = "ws.cls.server-closes-tcp",
        .spec = "RFC 6455, 7.1.1",
        .says = endsTcp,
        .level = Level::must,
        .sends = "Close 1000",
        .wants = "Close, and the end of TCP within a second",
        .run = endsAtOnce,
    },
    {
        .id = "ws.cls.no-fin-from-us",
        .spec = spec,
        .says = endsTcp,
        .level = Level::must,
        .sends = "Close 1000, and another time an answer to its own Close; TCP "
                 "is kept open",
        .wants = "the end of TCP, both times",
        .run = endsThoughWeDoNot,
    },
    {
        .id = "ws.cls.never-reply",
        .spec = "RFC 6455, 7.1.1",
        .says = "when a server is instructed to _Close the WebSocket "
                "Connection_ it SHOULD initiate a TCP Close immediately",
        .level = Level::should,
        .sends = "no answer to a Close of the server: after a reserved "
                 "opcode, and after a wrong NBD magic",
        .wants = "the end of TCP within 35 s, both times",
        .slow = true,
        .run = givesUp,
    },
    {
        .id = "ws.cls.big-then-close",
        .spec = "RFC 6455, 5.5.1",
        .says = "there is no guarantee that the endpoint that has already sent "
                "a Close frame will continue to process data",
        .level = Level::may,
        .sends = "256 KiB of data, then Close 1000",
        .wants = "Close and the end of the connection; whether all was "
                 "delivered is told",
        .autobahn = "7.1.6",
        .run = tellsOfDataBefore,
    },
};

} // namespace

std::span<const Case> closeCases()
{
    return cases;
}

} // namespace conformance::ws
