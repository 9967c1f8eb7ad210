// SPDX-License-Identifier: Apache-2.0
#include "peer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace conformance::ws
{

using vmedia::nbd::append;

void Peer::sendFrame(const Frame& frame)
{
    sendBytes(encode(frame), {});
}

std::optional<MaskKey> Peer::mask()
{
    return gate != nullptr ? std::nullopt
                           : std::optional(randomMask(generator));
}

Bytes Peer::framed(Frame frame)
{
    frame.mask = mask();
    return encode(frame);
}

void Peer::send(Opcode opcode, ByteView payload)
{
    sendFrame({.opcode = opcode,
               .payload = Bytes(payload.begin(), payload.end()),
               .mask = mask()});
}

void Peer::sendClose(std::optional<uint16_t> code, std::string_view reason,
                     ByteView behind, ByteView before)
{
    sentClose = true;
    const Bytes body = code ? closeBody(*code, reason) : Bytes();
    Bytes all(before.begin(), before.end());
    append(all, ByteView(framed({.opcode = Opcode::close, .payload = body})));
    append(all, behind);
    sendBytes(all, !before.empty()   ? "more, and a Close behind it"
                   : !behind.empty() ? "a Close, and more behind it"
                                     : "");
    endAsServer();
}

void Peer::sendBytes(ByteView bytes, std::string_view what)
{
    if (stopped() || !connection)
    {
        return;
    }
    if (!what.empty())
    {
        note(std::string(what));
    }
    switch (connection->exchange(bytes, buffer.back(), deadline))
    {
        case Ended::no:
        case Ended::closed:  // the next want finds it, with what came before
            break;
        case Ended::garbled: // nothing is taken apart here
        case Ended::timeout:
            conclude(failed("the target read no further",
                            "a target that takes what is sent to it"));
            break;
    }
}

bool Peer::sendUntilStuck(ByteView bytes, std::string_view what)
{
    if (stopped() || !connection)
    {
        return false;
    }
    const Ended ended = connection->exchange(bytes, buffer.back(), deadline);
    note(fmt::format("{}{}", what, ended == Ended::no ? "" : ", a part"));
    return ended == Ended::no;
}

void Peer::sendUnread(ByteView bytes, std::string_view what)
{
    if (!stopped() && connection)
    {
        note(fmt::format("{}, and nothing is read", what));
        connection->sendUnread(bytes, deadline / 6);
    }
}

void Peer::sendRest()
{
    sendBytes({}, "the rest of that");
}

void Peer::pollEnd()
{
    const auto usual = std::exchange(deadline, std::chrono::milliseconds(1));
    fill(buffer.size() + 1);
    deadline = usual;
    goOn();
}

void Peer::leaveUnread(std::chrono::milliseconds time)
{
    if (!stopped() && connection)
    {
        note(fmt::format("nothing is read for {} ms", time.count()));
        connection->wire().leaveUnread(time);
    }
}

void Peer::sendInPieces(ByteView bytes, size_t pieceSize, std::string_view what)
{
    if (stopped() || !connection)
    {
        return;
    }
    note(fmt::format("{}, {} byte{} at a time", what, pieceSize,
                     pieceSize == 1 ? "" : "s"));
    while (!bytes.empty())
    {
        const ByteView piece = bytes.first(std::min(pieceSize, bytes.size()));
        if (connection->exchange(piece, buffer.back(), deadline) != Ended::no)
        {
            return;
        }
        connection->wire().drain(deadline);
        bytes = bytes.subspan(piece.size());
    }
}

} // namespace conformance::ws
