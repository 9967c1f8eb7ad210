// SPDX-License-Identifier: Apache-2.0
#include "conformance/transport/dump.hpp"
#include "peer.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::ws
{

using vmedia::nbd::append;

namespace
{

/// The longest frame that we take from a target.
constexpr uint64_t frameMax = 64U << 20;
using Clock = std::chrono::steady_clock;
/// More frames than any case has a reason to wait for.
constexpr int framesMax = 2'000'000;

bool isAmong(uint16_t code, std::initializer_list<uint16_t> codes)
{
    return std::ranges::find(codes, code) != codes.end();
}

/// What wantFailed() wants.
std::string describeFailing(std::initializer_list<uint16_t> codes)
{
    std::vector<std::string> ways;
    for (const uint16_t code : codes)
    {
        ways.push_back(code == noClose ? "no Close frame"
                                       : std::to_string(code));
    }
    return fmt::format("Close {}, and the end of the connection",
                       fmt::join(ways, " or "));
}

} // namespace

std::string_view describe(Ended ended)
{
    switch (ended)
    {
        case Ended::closed:
            return "the connection closed";
        case Ended::timeout:
            return "nothing";
        case Ended::garbled:
            return "what is no TLS";
        case Ended::no:
            break;
    }
    return "too much";
}

/// Whether the buffer holds that much, then.
bool Peer::fill(size_t size)
{
    if (!connection)
    {
        end.ended = Ended::closed;
    }
    if (buffer.size() < size && connection && end.ended == Ended::no)
    {
        Received received = connection->receive(size - buffer.size(), deadline);
        append(buffer.back(), ByteView(received.bytes));
        end.ended = received.ended;
        end.how = received.how;
    }
    return buffer.size() >= size;
}

std::optional<Bytes> Peer::take(size_t size)
{
    return fill(size) ? std::optional(buffer.take(size)) : std::nullopt;
}

std::optional<Seen> Peer::nextFrame()
{
    size_t needed = 2;
    std::optional<Header> header;
    while (!stopped() && !(header = parseHeader(buffer.view())))
    {
        if (!fill(std::max(needed, buffer.size() + 1)))
        {
            return std::nullopt;
        }
        ++needed;
    }
    if (stopped())
    {
        return std::nullopt;
    }
    if (header->length > frameMax)
    {
        conclude(failed("a frame of " + ws::describe(*header),
                        "frames of a size that an NBD client can take"));
        return std::nullopt;
    }
    take(header->size);
    auto payload = take(static_cast<size_t>(header->length));
    if (!payload)
    {
        return std::nullopt;
    }
    if (header->mask)
    {
        applyMask(*payload, *header->mask);
    }
    seenHeaders.push_back(*header);
    Seen frame{*header, std::move(*payload)};
    answerTo(frame);
    return frame;
}

std::optional<Seen> Peer::nextBuffered()
{
    const auto header = parseHeader(buffer.view());
    return header && buffer.size() >= header->size + header->length
               ? nextFrame()
               : std::nullopt;
}

/// What every reader does with a frame: the stream, a pong.
void Peer::answerTo(const Seen& frame)
{
    switch (frame.header.opcode)
    {
        case Opcode::continuation:
        case Opcode::binary:
        case Opcode::text:
            append(stream.back(), ByteView(frame.payload));
            break;
        case Opcode::ping:
            if (answersPings)
            {
                send(Opcode::pong, frame.payload);
            }
            break;
        case Opcode::close:
            end.close = parseClose(frame.payload).value_or(CloseReason{});
            if (!sentClose && answersClose)
            {
                sendClose(end.close->code);
            }
            else
            {
                endAsServer();
            }
            break;
        case Opcode::pong:
            if (hearsPong)
            {
                hearsPong(frame.payload);
            }
            break;
    }
}

std::optional<Seen> Peer::nextOf(Opcode opcode)
{
    for (int i = 0; i < framesMax; ++i)
    {
        auto frame = nextFrame();
        if (!frame || frame->header.opcode == opcode)
        {
            return frame;
        }
        if (frame->header.opcode == Opcode::close)
        {
            break;
        }
    }
    return std::nullopt;
}

std::string Peer::endingInWords() const
{
    return end.close ? ws::describe(*end.close)
                     : std::string(describe(end.ended));
}

void Peer::goOn()
{
    if (end.ended == Ended::timeout)
    {
        end.ended = Ended::no;
    }
}

void Peer::waitOut(std::chrono::milliseconds time)
{
    using std::chrono::milliseconds;
    const auto until = Clock::now() + time;
    const milliseconds usual = deadline;
    const auto left = [until] {
        return std::chrono::ceil<milliseconds>(until - Clock::now());
    };
    note(fmt::format("{} s of patience", time.count() / 1000));
    while (!stopped() && !end.close && end.ended == Ended::no &&
           left() > milliseconds::zero())
    {
        // A frame that has begun gets the usual time to its end.
        deadline = std::min(usual, left());
        const bool begun = fill(1);
        deadline = usual;
        if (begun)
        {
            nextFrame();
        }
        else
        {
            goOn();
        }
    }
}

bool Peer::fence()
{
    const Bytes nonce = [this] {
        Bytes bytes;
        append(bytes, generator());
        return bytes;
    }();
    send(Opcode::ping, nonce);
    auto pong = nextOf(Opcode::pong);
    while (pong && pong->payload != nonce)
    {
        pong = nextOf(Opcode::pong);
    }
    return pong.has_value();
}

void Peer::wantOpenStill()
{
    if (!stopped() && !fence())
    {
        conclude(failed(fmt::format("{} instead of a PONG", endingInWords()),
                        "an open connection"));
    }
}

std::optional<Bytes> Peer::wantStream(size_t size, std::string_view what)
{
    for (int i = 0; !stopped() && stream.size() < size; ++i)
    {
        const auto frame = nextFrame();
        if (i > framesMax || !frame || frame->header.opcode == Opcode::close)
        {
            conclude(failed(fmt::format("{} after {} of {} bytes",
                                        endingInWords(), stream.size(), size),
                            std::string(what)));
        }
    }
    if (stopped())
    {
        return std::nullopt;
    }
    return stream.take(size);
}

Bytes Peer::takeStream()
{
    return stream.take(stream.size());
}

std::optional<CloseReason>
    Peer::wantClose(std::initializer_list<uint16_t> codes)
{
    for (int i = 0; i < framesMax && !end.close && nextFrame(); ++i)
    {}
    if (stopped())
    {
        return std::nullopt;
    }
    const std::string wanted =
        codes.size() == 0 ? "a Close frame"
                          : fmt::format("Close {}", fmt::join(codes, " or "));
    if (!end.close)
    {
        conclude(
            failed(fmt::format("{} instead", describe(end.ended)), wanted));
        return std::nullopt;
    }
    want(codes.size() == 0 || std::ranges::find(codes, end.close->code.value_or(
                                                           0)) != codes.end(),
         ws::describe(*end.close), wanted);
    return end.close;
}

void Peer::wantEnd()
{
    while (!stopped() && end.ended == Ended::no)
    {
        const auto frame = nextFrame();
        want(!frame, frame ? ws::describe(frame->header) : std::string(),
             "the end of the connection");
    }
    want(end.ended == Ended::closed,
         fmt::format("{}; the connection stays open", describe(end.ended)),
         "the end of the connection");
}

void Peer::closeWell()
{
    sendClose();
    wantClose();
    wantEnd();
}

void Peer::warn(std::string got, std::string wanted)
{
    conclude({.outcome = Outcome::warn,
              .got = std::move(got),
              .wanted = std::move(wanted)});
}

void Peer::wantFailed(ByteView bytes, std::string_view what,
                      std::initializer_list<uint16_t> codes)
{
    size_t early = takeStream().size();
    Bytes nonce;
    append(nonce, generator());
    Bytes all(bytes.begin(), bytes.end());
    append(all, ByteView(framed({.opcode = Opcode::ping, .payload = nonce})));
    sendBytes(all, fmt::format("{}, and a ping behind it", what));
    while (!stopped() && !end.close)
    {
        const auto frame = nextFrame();
        if (!frame)
        {
            break;
        }
        const Opcode opcode = frame->header.opcode;
        want(opcode != Opcode::pong || frame->payload != nonce,
             "the ping behind it was answered", describeFailing(codes));
        early += isControl(opcode) ? 0 : frame->payload.size();
        want(isControl(opcode) || early <= owed || !target.role,
             "data: " + dump(frame->payload), describeFailing(codes));
    }
    wantGone(codes);
}

void Peer::wantGone(std::initializer_list<uint16_t> codes)
{
    const std::string wanted = describeFailing(codes);
    for (int i = 0; i < framesMax && !end.close && nextFrame(); ++i)
    {}
    if (stopped())
    {
        return;
    }
    if (!end.close)
    {
        want(end.ended != Ended::timeout,
             "nothing, and the connection stays open", wanted);
        if (!isAmong(noClose, codes))
        {
            warn(fmt::format("{} without a Close frame", describe(end.ended)),
                 wanted);
        }
        return;
    }
    const CloseReason close = *end.close;
    want(close.code != wrongCloseCode,
         fmt::format("Close {}: our own code", wrongCloseCode), wanted);
    while (!stopped() && nextFrame())
    {}
    if (stopped())
    {
        return;
    }
    if (end.ended == Ended::timeout)
    {
        return warn(fmt::format("{}, and the connection stays open",
                                ws::describe(close)),
                    wanted);
    }
    if (!close.code || !isAmong(*close.code, codes))
    {
        warn(ws::describe(close), wanted);
    }
}

} // namespace conformance::ws
