// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "deflate_offer.hpp"
#include "framings.hpp"
#include "usage_watch.hpp"

#include <fmt/format.h>

#include <boost/beast/zlib/deflate_stream.hpp>
#include <boost/beast/zlib/inflate_stream.hpp>

namespace conformance::ws
{

namespace
{

namespace zlib = boost::beast::zlib;

constexpr std::string_view paramSpec = "RFC 7692, 7.1";
constexpr std::string_view declineSays =
    "A server MUST decline an extension negotiation offer for this extension "
    "if any of the following conditions are met";
constexpr std::string_view declined = "a response without the extension";
constexpr std::string_view orDeclined =
    "a response without the extension, or what was offered";
constexpr std::string_view notAgreed =
    "it does not agree to permessage-deflate";
constexpr uint8_t rsv1 = 4;

/// Whether it was agreed to.
bool negotiate(Peer& peer, const Offer& offer)
{
    peer.connect();
    Request request = peer.request().drop(extensionsField);
    peer.send(offer.text.empty()
                  ? request
                  : request.set(extensionsField, std::string(offer.text)));
    const auto response = peer.wantOpen();
    const auto fields = response ? valuesOf(response->fields, extensionsField)
                                 : std::vector<std::string>();
    if (fields.empty())
    {
        return false;
    }
    const std::string fault = faultOf(fields, offer);
    peer.want(fault.empty(), fault,
              std::string(offer.mayAgree ? orDeclined : declined));
    return true;
}

Verdict judges(Peer& peer, const Offer& offer)
{
    negotiate(peer, offer);
    return peer.verdict();
}

constexpr Offer usual{.text = "permessage-deflate"};

/// @p frame fails a connection in which compression may be used, if the target
/// does that at all; @p first goes before it.
Verdict failsAgreed(Peer& peer, const std::optional<Frame>& first, Frame frame,
                    std::initializer_list<uint16_t> codes)
{
    negotiate(peer, usual);
    size_t size = 64; // and what NBD says first
    if (first)
    {
        peer.sendBytes(peer.framed(*first), "a first fragment");
        size += first->payload.size();
    }
    peer.mayHaveSaid(size);
    const Bytes bytes = peer.framed(std::move(frame));
    peer.wantFailed(bytes, describe(*parseHeader(bytes)), codes);
    return peer.verdict();
}

Verdict failsOnContinuation(Peer& peer)
{
    Frame frame{.opcode = Opcode::continuation, .rsv = rsv1};
    if (!peer.profile().deflates)
    {
        return failsInside(peer, frame);
    }
    frame.payload = Bytes(4);
    return failsAgreed(peer, Frame{.payload = Bytes(4), .fin = false}, frame,
                       {1002});
}

Verdict failsOnControl(Peer& peer)
{
    const Frame frame{.opcode = Opcode::ping, .rsv = rsv1};
    return peer.profile().deflates
               ? failsAgreed(peer, std::nullopt, frame, {1002})
               : failsOn(peer, frame);
}

Verdict failsOnGarbage(Peer& peer)
{
    if (!peer.profile().deflates)
    {
        return leaveOut(peer, std::string(notAgreed));
    }
    // BTYPE 11: "reserved (error)" (RFC 1951, 3.2.3)
    return failsAgreed(peer, std::nullopt,
                       {.payload = Bytes(16, std::byte{0xFF}), .rsv = rsv1},
                       {1007, 1002});
}

/// As 7.2.1 has it: without the last four bytes.
Bytes deflated(ByteView plain)
{
    zlib::deflate_stream stream;
    Bytes out(plain.size() / 512 + 4096);
    zlib::z_params io;
    io.next_in = plain.data();
    io.avail_in = plain.size();
    io.next_out = out.data();
    io.avail_out = out.size();
    boost::beast::error_code error;
    stream.write(io, zlib::Flush::sync, error);
    out.resize(io.total_out - 4);
    return out;
}

/// By itself, with nothing known of what came before it.
std::optional<Bytes> inflated(ByteView payload, size_t size)
{
    Bytes in(payload.begin(), payload.end());
    in.insert(in.end(),
              {std::byte{0}, std::byte{0}, std::byte{0xFF}, std::byte{0xFF}});
    zlib::inflate_stream stream;
    Bytes out(size + 1);
    zlib::z_params io;
    io.next_in = in.data();
    io.avail_in = in.size();
    io.next_out = out.data();
    io.avail_out = out.size();
    boost::beast::error_code error;
    stream.write(io, zlib::Flush::sync, error);
    out.resize(io.total_out);
    return error && error != zlib::error::need_buffers
               ? std::nullopt
               : std::optional(std::move(out));
}

Verdict survivesBomb(Peer& peer)
{
    constexpr size_t plainSize = 128U << 20;
    constexpr uint64_t growthMax = 64 * mebi;
    if (!peer.profile().deflates)
    {
        return leaveOut(peer, std::string(notAgreed));
    }
    if (peer.process() == nullptr)
    {
        return leaveOut(peer, std::string(unwatched));
    }
    const Bytes bomb = deflated(Bytes(plainSize));
    negotiate(peer, usual);
    UsageWatch usage(peer);
    peer.sendFrame({.payload = bomb, .rsv = rsv1, .mask = peer.mask()});
    usage.wantMemoryBelow(growthMax);
    peer.reset();
    return peer.verdict();
}

Verdict keepsNoContext(Peer& peer)
{
    const Offer offer{.text = "permessage-deflate; server_no_context_takeover",
                      .noTakeover = true};
    const bool agreed = negotiate(peer, offer);
    if (!agreed || peer.profile().role != Role::echo)
    {
        return peer.verdict(); // it has nothing to say that we know
    }
    Bytes words;
    vmedia::nbd::append(words, std::string_view("the same words, twice over"));
    for (int i = 0; i < 2 && !peer.stopped(); ++i)
    {
        peer.sendData(words);
        const auto frame = peer.nextOf(Opcode::binary);
        const bool readable =
            frame && (frame->header.rsv == rsv1
                          ? inflated(frame->payload, words.size()) == words
                          : frame->payload == words);
        peer.want(readable,
                  frame ? "a message that cannot be read by itself"
                        : peer.endingInWords(),
                  "the same words, compressed without those before");
    }
    return peer.verdict();
}

template <bool mayAgree = false>
constexpr Case offer(std::string_view id, std::string_view section,
                     std::string_view says, std::string_view sends,
                     Verdict (*run)(Peer&))
{
    return {.id = id,
            .spec = section,
            .says = says,
            .level = Level::must,
            .sends = sends,
            .wants = mayAgree ? orDeclined : declined,
            .run = run};
}

constexpr std::string_view windowSays =
    "The negotiation offer contains an extension parameter with an invalid "
    "value.";

constexpr Case cases[] = {
    offer("ws.pmd.not-offered", "RFC 7692, 5",
          "in our words: a server agrees to nothing that was not offered",
          "no Sec-WebSocket-Extensions",
          [](Peer& peer) {
    return judges(peer, {.text = "", .mayAgree = false});
}),
    {
        .id = "ws.pmd.offer-default",
        .spec = paramSpec,
        .says = "in our words: a client has to fail where the response has a "
                "parameter that is not defined, and so a server sends none",
        .level = Level::must,
        .sends = "permessage-deflate",
        .wants = orDeclined,
        .autobahn = "12.1.1",
        .run = [](Peer& peer) { return judges(peer, usual); },
    },
    offer("ws.pmd.offer-unknown-param", paramSpec, declineSays,
          "permessage-deflate; x=1",
          [](Peer& peer) {
    return judges(peer, {.text = "permessage-deflate; x=1", .mayAgree = false});
}),
    offer("ws.pmd.dup-param", paramSpec, declineSays,
          "permessage-deflate with server_no_context_takeover twice",
          [](Peer& peer) {
    return judges(peer, {.text = "permessage-deflate; "
                                 "server_no_context_takeover; "
                                 "server_no_context_takeover",
                         .mayAgree = false});
}),
    offer("ws.pmd.bits-7", "RFC 7692, 7.1.2", windowSays,
          "permessage-deflate; server_max_window_bits=7",
          [](Peer& peer) {
    return judges(peer, {.text = "permessage-deflate; server_max_window_bits=7",
                         .mayAgree = false});
}),
    offer("ws.pmd.bits-16", "RFC 7692, 7.1.2", windowSays,
          "permessage-deflate; server_max_window_bits=16",
          [](Peer& peer) {
    return judges(peer,
                  {.text = "permessage-deflate; server_max_window_bits=16",
                   .mayAgree = false});
}),
    offer("ws.pmd.bits-08", "RFC 7692, 7.1.2", windowSays,
          "permessage-deflate; server_max_window_bits=08",
          [](Peer& peer) {
    return judges(peer,
                  {.text = "permessage-deflate; server_max_window_bits=08",
                   .mayAgree = false});
}),
    offer<true>(
        "ws.pmd.bits-quoted-15", "RFC 7692, 5.2",
        "in our words: a value may stand in quotes: it is the same value",
        "permessage-deflate; server_max_window_bits=\"15\"",
        [](Peer& peer) {
    return judges(
        peer, {.text = "permessage-deflate; server_max_window_bits=\"15\""});
}),
    offer<true>(
        "ws.pmd.server-max-window-bits-8", "RFC 7692, 7.1.2.1",
        "in our words: who agrees to a window of so many bits uses no larger one",
        "permessage-deflate; server_max_window_bits=8",
        [](Peer& peer) {
    return judges(peer, {.text = "permessage-deflate; server_max_window_bits=8",
                         .window = 8});
}),
    {
        .id = "ws.pmd.client-max-window-bits",
        .spec = "RFC 7692, 7.1.2.2",
        .says =
            "in our words: without a value it only tells that the client understands "
            "the parameter",
        .level = Level::must,
        .sends = "permessage-deflate; client_max_window_bits",
        .wants = orDeclined,
        .autobahn = "13.1.1",
        .run =
            [](Peer& peer) {
    return judges(peer, {.text = "permessage-deflate; client_max_window_bits",
                         .clientWindow = true});
},
    },
    offer<true>("ws.pmd.two-offers", "RFC 7692, 5.1",
                "offers stand in the order of preference, and a server "
                "chooses one that it can accept",
                "permessage-deflate; x=1, and permessage-deflate behind it",
                [](Peer& peer) {
    return judges(peer,
                  {.text = "permessage-deflate; x=1, permessage-deflate"});
}),
    {
        .id = "ws.pmd.rsv1-without-negotiation",
        .spec = "RFC 6455, 5.2",
        .says = "If a nonzero value is received and none of the negotiated "
                "extensions defines the meaning of such a nonzero value, the "
                "receiving endpoint MUST _Fail the WebSocket Connection_.",
        .level = Level::must,
        .sends = "RSV1, where no extension was agreed on",
        .wants = "Close 1002, and the end of the connection",
        .run =
            [](Peer& peer) {
    constexpr size_t size = 28;
    return failsOn(peer, {.rsv = rsv1}, size);
},
    },
    {
        .id = "ws.pmd.rsv1-on-continuation",
        .spec = "RFC 7692, 6.1",
        .says =
            "in our words: only the first fragment of a message tells whether it is "
            "compressed",
        .level = Level::must,
        .sends = "RSV1 on a continuation",
        .wants = "Close 1002, and the end of the connection",
        .run = failsOnContinuation,
    },
    {
        .id = "ws.pmd.rsv1-on-control",
        .spec = "RFC 7692, 6.1",
        .says = "in our words: a control frame is never compressed",
        .level = Level::must,
        .sends = "RSV1 on a ping",
        .wants = "Close 1002, and the end of the connection",
        .run = failsOnControl,
    },
    {
        .id = "ws.pmd.garbage-deflate",
        .spec = "RFC 7692, 7.2.2",
        .says = "in our words: what cannot be decompressed is no message",
        .level = Level::must,
        .sends = "a compressed message that is no DEFLATE",
        .wants = "Close 1007 or 1002, and the end of the connection",
        .run = failsOnGarbage,
    },
    {
        .id = "ws.pmd.bomb",
        .spec = "RFC 7692, 8",
        .says = "A message of 128 KiB must not become 128 MiB of memory.",
        .level = Level::robustness,
        .sends = "128 MiB of zeros, compressed",
        .wants = "less than 64 MiB more memory",
        .run = survivesBomb,
    },
    {
        .id = "ws.pmd.no-context-takeover",
        .spec = "RFC 7692, 7.1.1",
        .says =
            "in our words: who agrees to it compresses each message by itself",
        .level = Level::must,
        .sends = "permessage-deflate; server_no_context_takeover, and a "
                 "message for an echo, twice",
        .wants = "a response without the extension; or with the parameter, and "
                 "messages that can be read by themselves",
        .run = keepsNoContext,
    },
};

} // namespace

std::span<const Case> deflateCases()
{
    return cases;
}

} // namespace conformance::ws
