// SPDX-License-Identifier: Apache-2.0
#include "closings.hpp"

#include "conversation.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::ws
{

namespace
{

constexpr uint16_t protocolError = 1002;
constexpr uint16_t notConsistent = 1007;

bool isOneOf(const CloseReason& close, std::initializer_list<uint16_t> codes)
{
    return std::ranges::find(codes, close.code.value_or(0)) != codes.end();
}

void wantSendable(Peer& peer)
{
    const auto& close = peer.ending().close;
    peer.want(!close || !close->code || mayBeSent(*close->code),
              close ? describe(*close) : std::string(),
              "a code that may be sent");
}

/// All up to the Close frame, or up to the end if none comes.
void readToClose(Peer& peer)
{
    while (!peer.ending().close && peer.nextFrame())
    {}
}

void readToEnd(Peer& peer)
{
    while (peer.nextFrame())
    {}
}

} // namespace

Verdict closes(Peer& peer, std::optional<uint16_t> code,
               std::string_view reason, std::initializer_list<uint16_t> codes)
{
    peer.open();
    peer.sendClose(code, reason);
    const auto close = peer.wantClose();
    wantSendable(peer);
    peer.wantEnd();
    if (close && !isOneOf(*close, codes))
    {
        const std::string wanted = fmt::format("Close {}",
                                               fmt::join(codes, " or "));
        peer.want(close->code != protocolError && close->code != notConsistent,
                  fmt::format("{}, as if it were a bad one", describe(*close)),
                  wanted);
        peer.warn(describe(*close), wanted);
    }
    return peer.verdict();
}

Verdict refusesClose(Peer& peer, ByteView body,
                     std::initializer_list<uint16_t> codes)
{
    peer.open();
    // No sendClose(): what the target says then is answered.
    peer.sendFrame({.opcode = Opcode::close,
                    .payload = Bytes(body.begin(), body.end()),
                    .mask = peer.mask()});
    readToClose(peer);
    if (peer.stopped())
    {
        return peer.verdict();
    }
    const std::string wanted = fmt::format(
        "Close {}, and the end of the connection", fmt::join(codes, " or "));
    const auto close = peer.ending().close;
    if (!close)
    {
        peer.want(peer.ending().ended != Ended::timeout,
                  "nothing, and the connection stays open", wanted);
        peer.warn("the connection closed without a Close frame", wanted);
        return peer.verdict();
    }
    const auto ours = parseClose(body);
    const bool wellTaken = !close->code || close->code == 1000 ||
                           (ours && close->code == ours->code);
    peer.want(!wellTaken,
              fmt::format("{}, as if it were a good one", describe(*close)),
              wanted);
    wantSendable(peer);
    readToEnd(peer);
    if (peer.ending().ended == Ended::timeout)
    {
        peer.warn(
            fmt::format("{}, and the connection stays open", describe(*close)),
            wanted);
    }
    if (!isOneOf(*close, codes))
    {
        peer.warn(describe(*close), wanted);
    }
    return peer.verdict();
}

void wantLeave(Peer& peer, std::initializer_list<uint16_t> codes)
{
    wantGone(peer);
    const auto& close = peer.ending().close;
    const std::string wanted =
        codes.size() == 0 ? "a Close frame, and the end of the connection"
                          : fmt::format("Close {}, and the end of the "
                                        "connection",
                                        fmt::join(codes, " or "));
    if (!close)
    {
        peer.warn("the connection closed without a Close frame", wanted);
    }
    else if (codes.size() != 0 && !isOneOf(*close, codes))
    {
        peer.warn(describe(*close), wanted);
    }
}

void wantGone(Peer& peer)
{
    readToEnd(peer);
    peer.want(peer.ending().ended == Ended::closed, "the connection stays open",
              "the end of the connection");
    wantSendable(peer);
}

bool breakNbd(Peer& peer)
{
    const auto talk = converse(peer);
    if (!talk || peer.profile().role == Role::echo)
    {
        return false;
    }
    Bytes words = talk->firstWords(peer);
    if (!peer.stopped())
    {
        // A byte of the magic that the other side looks for.
        words[peer.profile().role == Role::gateway ? 4 : 0] ^= std::byte{0x20};
        peer.sendData(words);
    }
    return true;
}

void wantFreeSlot(Peer& peer)
{
    if (peer.stopped())
    {
        return;
    }
    Peer next = peer.another();
    next.open();
    next.closeWell();
    peer.want(next.verdict().outcome != Outcome::fail,
              "the next client: " + next.verdict().got,
              "a slot that is free within two seconds");
}

} // namespace conformance::ws
