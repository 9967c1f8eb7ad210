// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "client_play.hpp"
#include "closings.hpp"
#include "framings.hpp"

#include <fmt/format.h>

namespace conformance::ws
{

namespace
{

using vmedia::nbd::Cmd;

constexpr std::string_view answerSays =
    "If an endpoint receives a Close frame and did not previously send a Close "
    "frame, the endpoint MUST send a Close frame in response.";
constexpr std::string_view reservedSays =
    "a reserved value and MUST NOT be set as a status code in a Close control "
    "frame by an endpoint";

template <uint16_t code>
constexpr Case answers(std::string_view id, std::string_view sends)
{
    return {.id = id,
            .spec = "RFC 6455, 5.5.1",
            .says = answerSays,
            .level = Level::must,
            .sends = sends,
            .wants = "a Close with that code or 1000",
            .run = [](Peer& peer) {
        return closes(peer, code, "as the case wants it", {code, 1000});
    }};
}

constexpr Case refuses(std::string_view id, std::string_view spec,
                       std::string_view says, std::string_view sends,
                       Verdict (*run)(Peer&))
{
    return {.id = id,
            .spec = spec,
            .says = says,
            .level = Level::must,
            .sends = sends,
            .wants = "Close 1002, and the end of the connection",
            .run = run};
}

/// A code that says that something went wrong does not look like success.
template <uint16_t code>
Verdict tellsOf(Peer& peer)
{
    if (!openTalk(peer))
    {
        return leaveOut(peer, "what it carries is unknown");
    }
    peer.sendClose(code, "as the case wants it");
    peer.wantClose();
    peer.wantEnd();
    peer.wantToldAsError(fmt::format("Close {}", code));
    return peer.verdict();
}

Verdict tellsOfFin(Peer& peer)
{
    if (!openTalk(peer))
    {
        return leaveOut(peer, "what it carries is unknown");
    }
    peer.endSending();
    wantGone(peer);
    peer.wantToldAsError("an end without a Close");
    return peer.verdict();
}

Verdict waitsForEnd(Peer& peer)
{
    peer.open();
    peer.holdEnd();
    peer.sendClose();
    peer.wantClose();
    if (peer.stopped())
    {
        return peer.verdict();
    }
    peer.heardWithin(peer.patience() / 10);
    if (peer.ending().ended == Ended::closed)
    {
        peer.warn("it ends TCP at once", "it waits for the server to do so");
    }
    return peer.verdict();
}

Verdict closesAfterDisconnect(Peer& peer)
{
    peer.open();
    ClientPlay play;
    play.begin(peer);
    peer.sendData(encode(ClientPlay::request(peer, Cmd::disc, 0, 0)));
    wantLeave(peer, {1000});
    return peer.verdict();
}

Verdict closesWhileReading(Peer& peer)
{
    const auto talk = openTalk(peer);
    Bytes all;
    if (talk)
    {
        all = peer.framed({.payload = talk->ask(peer, size_t{8} * 128 << 10)});
    }
    peer.sendClose(1000, {}, {}, all);
    peer.wantClose();
    peer.wantEnd();
    return peer.verdict();
}

Verdict backsOff(Peer& peer)
{
    constexpr std::chrono::milliseconds atOnce(20);
    openTalk(peer);
    if (peer.stopped())
    {
        return peer.verdict();
    }
    peer.reset();
    const auto began = std::chrono::steady_clock::now();
    if (!peer.comesAgain(2 * peer.patience()))
    {
        return leaveOut(peer, "it does not try again by itself");
    }
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - began);
    if (waited < atOnce)
    {
        peer.warn(fmt::format("it tries again after {} ms", waited.count()),
                  "a random time before it tries again");
    }
    return peer.verdict();
}

constexpr Case cases[] = {
    answers<1000>("ws.clt.close.code-1000", "Close 1000 with a reason"),
    answers<1001>("ws.clt.close.code-1001", "Close 1001 with a reason"),
    answers<1011>("ws.clt.close.code-1011", "Close 1011 with a reason"),
    answers<4000>("ws.clt.close.code-4000", "Close 4000 with a reason"),
    {
        .id = "ws.clt.close.empty",
        .spec = "RFC 6455, 5.5.1",
        .says = answerSays,
        .level = Level::must,
        .sends = "a Close without a code",
        .wants = "a Close with no code or with 1000",
        .run =
            [](Peer& peer) {
    return closes(peer, std::nullopt, {}, {0, 1000});
},
    },
    {
        .id = "ws.clt.close.waits-for-end",
        .spec = "RFC 6455, 5.5.1",
        .says = "The server MUST close the underlying TCP connection "
                "immediately; the client SHOULD wait for the server to close "
                "the connection but MAY close the connection at any time after "
                "sending and receiving a Close message, e.g., if it has not "
                "received a TCP Close from the server in a reasonable time "
                "period.",
        .level = Level::should,
        .sends = "a Close, and not the end of TCP",
        .wants = "its Close, and TCP stays open for a while",
        .run = waitsForEnd,
    },
    {
        .id = "ws.clt.close.tells-of-1001",
        .spec = "RFC 6455, 7.1.5",
        .says = "Who serves a medium has to know that the other side went "
                "away, and was not done with it.",
        .level = Level::robustness,
        .sends = "Close 1001",
        .wants = "a client that tells of an error, or of that code",
        .run = tellsOf<1001>,
    },
    {
        .id = "ws.clt.close.tells-of-1011",
        .spec = "RFC 6455, 7.1.5",
        .says = "Who serves a medium has to know that the other side failed.",
        .level = Level::robustness,
        .sends = "Close 1011",
        .wants = "a client that tells of an error, or of that code",
        .run = tellsOf<1011>,
    },
    {
        .id = "ws.clt.close.tells-of-fin",
        .spec = "RFC 6455, 7.1.5",
        .says = "If _The WebSocket Connection is Closed_ and no Close control "
                "frame was received by the endpoint (such as could occur if "
                "the underlying transport connection is lost), _The WebSocket "
                "Connection Close Code_ is considered to be 1006.",
        .level = Level::must,
        .sends = "the end of TCP without a Close",
        .wants = "the end of the connection, told as an error",
        .run = tellsOfFin,
    },
    {
        .id = "ws.clt.close.after-disconnect",
        .spec = "RFC 6455, 7.3",
        .says = "An NBD client that disconnects is done: what is left of the "
                "session is nobody's.",
        .level = Level::robustness,
        .sends = "NBD_CMD_DISC",
        .wants = "Close 1000, and the end of the connection",
        .needs = Needs::nbdServer,
        .run = closesAfterDisconnect,
    },
    {
        .id = "ws.clt.close.while-busy",
        .spec = "RFC 6455, 5.5.1",
        .says = answerSays,
        .level = Level::must,
        .sends = "what has long answers, and a Close behind it in one segment",
        .wants = "its Close, and the end of the connection",
        .run = closesWhileReading,
    },
    {
        .id = "ws.clt.close.backs-off",
        .spec = "RFC 6455, 7.2.3",
        .says = "The first reconnect attempt SHOULD be delayed by a random "
                "amount of time.",
        .level = Level::should,
        .sends = "a reset",
        .wants = "if it dials again by itself, not at once",
        .run = backsOff,
    },
    refuses("ws.clt.close.one-byte", "RFC 6455, 5.5.1",
            "If there is a body, the first two bytes of the body MUST be a "
            "2-byte unsigned integer (in network byte order) representing a "
            "status code with value /code/ defined in Section 7.4.",
            "a Close with a body of one byte",
            [](Peer& peer) { return refusesClose(peer, Bytes(1)); }),
    refuses("ws.clt.close.code-1005", "RFC 6455, 7.4.1", reservedSays,
            "Close 1005",
            [](Peer& peer) { return refusesClose(peer, closeBody(1005)); }),
    refuses("ws.clt.close.code-1006", "RFC 6455, 7.4.1", reservedSays,
            "Close 1006",
            [](Peer& peer) { return refusesClose(peer, closeBody(1006)); }),
    refuses("ws.clt.close.code-999", "RFC 6455, 7.4.2",
            "Status codes in the range 0-999 are not used.", "Close 999",
            [](Peer& peer) { return refusesClose(peer, closeBody(999)); }),
};

} // namespace

std::span<const Case> clientCloseCases()
{
    return cases;
}

} // namespace conformance::ws
