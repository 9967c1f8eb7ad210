// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "conversation.hpp"

#include <fmt/format.h>

#include <vector>

namespace conformance::ws
{

namespace
{

using vmedia::nbd::append;

constexpr std::string_view spec = "RFC 6455, 5.6";
constexpr std::string_view says =
    "The \"Payload data\" is text data encoded as UTF-8.";
constexpr std::string_view utf8Spec = "RFC 6455, 8.1";
constexpr std::string_view utf8Says =
    "When an endpoint is to interpret a byte stream as UTF-8 but finds that "
    "the byte stream is not, in fact, a valid UTF-8 stream, that endpoint MUST "
    "_Fail the WebSocket Connection_.";

/// One text message, a frame for each of @p pieces.
Bytes textOf(Peer& peer, std::initializer_list<ByteView> pieces)
{
    Bytes all;
    const ByteView* const last = pieces.end() - 1;
    for (const ByteView& piece : pieces)
    {
        const bool first = &piece == pieces.begin();
        append(all, ByteView(peer.framed(
                        {.opcode = first ? Opcode::text : Opcode::continuation,
                         .payload = Bytes(piece.begin(), piece.end()),
                         .fin = &piece == last})));
    }
    return all;
}

/// A session up to where we are the first to speak.
struct Opening
{
    explicit Opening(Peer& peer) : talk(converse(peer))
    {
        if (!talk || !peer.profile().text)
        {
            peer.conclude(
                notApplicable(talk ? "what it does with text could not be seen"
                                   : "what is behind it is unknown"));
            return;
        }
        peer.open();
        words = talk->firstWords(peer);
    }

    std::unique_ptr<Conversation> talk;
    Bytes words{};
};

bool rejects(const Peer& peer)
{
    return peer.profile().text == TextPolicy::rejected;
}

void wantRejected(Peer& peer, ByteView text)
{
    peer.wantFailed(text, "a text message", {1003});
}

/// What we say first, or its first @p size bytes, is text: 1003, or it is
/// understood, and so is all that follows.
Verdict carriesText(Peer& peer, size_t size = std::string::npos)
{
    Opening opening(peer);
    if (peer.stopped())
    {
        return peer.verdict();
    }
    const ByteView words(opening.words);
    const Bytes text = textOf(peer,
                              {words.first(std::min(size, words.size()))});
    if (rejects(peer))
    {
        wantRejected(peer, text);
        return peer.verdict();
    }
    peer.sendBytes(text, "a text message");
    if (size < words.size())
    {
        peer.sendData(words.subspan(size));
    }
    opening.talk->settle(peer);
    peer.sendData(opening.talk->next(peer, 1));
    opening.talk->wantAnswer(peer);
    peer.closeWell();
    return peer.verdict();
}

/// The first of what we say, so that NBD would wait for more, then @p sequence.
Bytes beginningWith(const Peer& peer, ByteView words, std::string_view sequence)
{
    const ByteView front = words.first(judgedAfter(*peer.profile().role));
    Bytes bytes(front.begin(), front.end());
    append(bytes, sequence);
    return bytes;
}

/// A text message that ends with @p sequence, which is not UTF-8.
Verdict refusesText(Peer& peer, std::string_view sequence)
{
    const Opening opening(peer);
    if (!peer.stopped())
    {
        const Bytes bytes = beginningWith(peer, opening.words, sequence);
        peer.wantFailed(textOf(peer, {bytes}), "text that is not UTF-8",
                        {1007, 1003});
    }
    return peer.verdict();
}

constexpr std::string_view notUtf8 = "\xFF\xFE";

Verdict refusesFragment(Peer& peer)
{
    const Opening opening(peer);
    if (!peer.stopped())
    {
        const Bytes bytes =
            peer.framed({.opcode = Opcode::text,
                         .payload = beginningWith(peer, opening.words, notUtf8),
                         .fin = false});
        peer.wantFailed(bytes, "a first fragment that is not UTF-8",
                        {1007, 1003});
    }
    return peer.verdict();
}

Verdict refusesPartOfFrame(Peer& peer)
{
    constexpr size_t length = 100;
    const Opening opening(peer);
    if (peer.stopped())
    {
        return peer.verdict();
    }
    Frame frame{.opcode = Opcode::text,
                .payload = beginningWith(peer, opening.words, notUtf8)};
    frame.declared = length; // the rest never comes
    peer.sendBytes(peer.framed(frame), "a part of a text frame, not UTF-8");
    peer.wantClose({1007, 1003});
    peer.wantEnd();
    return peer.verdict();
}

/// U+03BA, whose second byte is in the next fragment.
Verdict takesSplitCharacter(Peer& peer)
{
    constexpr std::string_view kappa = "\xCE\xBA";
    const Opening opening(peer);
    if (peer.stopped())
    {
        return peer.verdict();
    }
    const Bytes bytes = beginningWith(peer, opening.words, kappa);
    const ByteView all(bytes);
    const Bytes text = textOf(peer, {all.first(all.size() - 1), all.last(1)});
    if (rejects(peer))
    {
        wantRejected(peer, text);
        return peer.verdict();
    }
    peer.sendBytes(text, "a text message of two fragments");
    peer.wantOpenStill();
    if (peer.profile().role == Role::echo)
    {
        const auto back = peer.wantStream(bytes.size(), "the same bytes");
        peer.want(back == bytes, "other bytes", "the same bytes");
    }
    peer.closeWell();
    return peer.verdict();
}

Verdict takesEmptyText(Peer& peer)
{
    Opening opening(peer);
    if (peer.stopped())
    {
        return peer.verdict();
    }
    const Bytes text = textOf(peer, {ByteView()});
    if (rejects(peer))
    {
        wantRejected(peer, text);
        return peer.verdict();
    }
    peer.sendBytes(text, "an empty text message");
    peer.sendData(opening.words);
    opening.talk->settle(peer);
    peer.closeWell();
    return peer.verdict();
}

constexpr Case cases[] = {
    {
        .id = "ws.txt.policy",
        .spec = spec,
        .says = says,
        .level = Level::must,
        .sends = "a text message, all of it ASCII",
        .wants = "Close 1003, or it is delivered as it is",
        .autobahn = "1.1.2",
        .run = [](Peer& peer) { return carriesText(peer); },
    },
    {
        .id = "ws.txt.valid-utf8-nbd",
        .spec = spec,
        .says = says,
        .level = Level::must,
        .sends = "NBDMAGIC, or a client's flags and IHAVEOPT, as text",
        .wants = "Close 1003, or it is delivered as it is",
        .autobahn = "6.1.1",
        .run =
            [](Peer& peer) {
    return carriesText(peer, peer.profile().role == Role::gateway ? 12 : 8);
},
    },
    {
        .id = "ws.txt.invalid-utf8",
        .spec = utf8Spec,
        .says = utf8Says,
        .level = Level::must,
        .sends = "text with FF FE in it",
        .wants = "Close 1007 or 1003, and the end of the connection",
        .autobahn = "6.3.1",
        .run = [](Peer& peer) { return refusesText(peer, notUtf8); },
    },
    {
        .id = "ws.txt.failfast-frame",
        .spec = utf8Spec,
        .says = utf8Says,
        .level = Level::should,
        .sends = "a first fragment that is not UTF-8",
        .wants = "Close 1007 or 1003 before the message has ended",
        .autobahn = "6.4.1",
        .run = refusesFragment,
    },
    {
        .id = "ws.txt.failfast-chop",
        .spec = utf8Spec,
        .says = utf8Says,
        .level = Level::should,
        .sends = "a part of a frame that is not UTF-8",
        .wants = "Close 1007 or 1003 before the frame has ended",
        .autobahn = "6.4.3",
        .run = refusesPartOfFrame,
    },
    {
        .id = "ws.txt.surrogate",
        .spec = utf8Spec,
        .says = utf8Says,
        .level = Level::must,
        .sends = "text with ED A0 80 in it: half of a surrogate pair",
        .wants = "Close 1007 or 1003, and the end of the connection",
        .autobahn = "6.20.1",
        .run = [](Peer& peer) { return refusesText(peer, "\xED\xA0\x80"); },
    },
    {
        .id = "ws.txt.overlong",
        .spec = utf8Spec,
        .says = utf8Says,
        .level = Level::must,
        .sends = "text with C0 80 in it: U+0000 in more bytes than it needs",
        .wants = "Close 1007 or 1003, and the end of the connection",
        .autobahn = "6.14.1",
        .run = [](Peer& peer) { return refusesText(peer, "\xC0\x80"); },
    },
    {
        .id = "ws.txt.above-10ffff",
        .spec = utf8Spec,
        .says = utf8Says,
        .level = Level::must,
        .sends = "text with F4 90 80 80 in it: beyond U+10FFFF",
        .wants = "Close 1007 or 1003, and the end of the connection",
        .autobahn = "6.22.1",
        .run = [](Peer& peer) { return refusesText(peer, "\xF4\x90\x80\x80"); },
    },
    {
        .id = "ws.txt.truncated",
        .spec = utf8Spec,
        .says = "the whole message MUST contain valid UTF-8",
        .level = Level::must,
        .sends = "a message that ends within a character",
        .wants = "Close 1007 or 1003, and the end of the connection",
        .autobahn = "6.6.1",
        .run = [](Peer& peer) { return refusesText(peer, "\xE2\x82"); },
    },
    {
        .id = "ws.txt.split-code-point",
        .spec = spec,
        .says = "a particular text frame might include a partial UTF-8 "
                "sequence; however, the whole message MUST contain valid UTF-8",
        .level = Level::must,
        .sends = "a character over two fragments",
        .wants = "Close 1003, or it is taken (and comes back from an echo)",
        .autobahn = "6.2.3",
        .run = takesSplitCharacter,
    },
    {
        .id = "ws.txt.empty",
        .spec = spec,
        .says = says,
        .level = Level::must,
        .sends = "an empty text message",
        .wants = "Close 1003, or no reaction",
        .autobahn = "1.1.1",
        .run = takesEmptyText,
    },
    {
        .id = "ws.txt.text-then-binary",
        .spec = spec,
        .says = says,
        .level = Level::must,
        .sends = "half of what we say first as text, half as binary",
        .wants = "Close 1003, or both are delivered, in order",
        .run = [](Peer& peer) { return carriesText(peer, 10); },
    },
    {
        .id = "ws.txt.newline-injection",
        .spec = spec,
        .says = says,
        .level = Level::must,
        .sends = "a text message without a newline, then binary messages",
        .wants = "Close 1003, or it is delivered with nothing added",
        .run = [](Peer& peer) { return carriesText(peer); },
    },
};

} // namespace

std::span<const Case> textCases()
{
    return cases;
}

} // namespace conformance::ws
