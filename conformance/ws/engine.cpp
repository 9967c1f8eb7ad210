// SPDX-License-Identifier: Apache-2.0
#include "engine.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::ws
{

using vmedia::nbd::append;

namespace
{

constexpr uint64_t controlMax = 125; // 5.5

enum CloseCode : uint16_t            // 7.4.1
{
    protocolError = 1002,
    unacceptable = 1003,
    inconsistent = 1007,
    tooBig = 1009,
    internalError = 1011,
};

bool isReserved(Opcode opcode)
{
    const auto value = static_cast<uint8_t>(opcode);
    return (value > 2 && value < 8) || value > 10;
}

} // namespace

bool isCloseCode(uint16_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

Engine::Engine(Terms terms, Deviation deviation) :
    rules(std::move(terms)), deviates(std::move(deviation))
{
    restart(Deadline::What::handshake, rules.handshake);
}

void Engine::receive(ByteView bytes)
{
    Bytes piece(bytes.begin(), bytes.end());
    if (deviates.received)
    {
        deviates.received(piece);
    }
    if (phase == Phase::stalled || (phase == Phase::over && !deviates.readsOn))
    {
        return; // "MUST NOT continue to attempt to process data" (7.1.7)
    }
    append(input, ByteView(piece));
    if (phase == Phase::opening)
    {
        readHead();
    }
    if (phase == Phase::open && !piece.empty())
    {
        restart(Deadline::What::silence, rules.silence);
    }
    readFrames();
}

void Engine::ended()
{
    if (phase != Phase::over)
    {
        finish(Why::vanished, 0, "the other side ended TCP");
    }
}

void Engine::expired()
{
    switch (time.what)
    {
        case Deadline::What::handshake:
            finish(Why::noAnswer, 0, "no head came in time");
            break;
        case Deadline::What::silence:
            sendPing(std::as_bytes(std::span(std::string_view("still?"))));
            restart(Deadline::What::pong, rules.pong);
            break;
        case Deadline::What::pong:
            send(Opcode::close, closeBody(internalError, "no pong came"));
            finish(Why::noAnswer, internalError, "no pong came");
            break;
        case Deadline::What::close:
            finish(Why::noAnswer, 0, "no Close came in time");
            break;
        case Deadline::What::none:
            break;
    }
}

void Engine::sendData(ByteView bytes)
{
    if (phase == Phase::open || (phase == Phase::over && deviates.readsOn))
    {
        send(Opcode::binary, Bytes(bytes.begin(), bytes.end()));
    }
}

void Engine::sendPing(ByteView payload)
{
    if (phase == Phase::open)
    {
        send(Opcode::ping, Bytes(payload.begin(), payload.end()));
    }
}

void Engine::close(uint16_t code, std::string_view words)
{
    if (phase == Phase::opening)
    {
        finish(Why::refused, 0, std::string(words));
    }
    else if (phase == Phase::open)
    {
        send(Opcode::close, closeBody(code, words.substr(0, controlMax - 2)));
        phase = Phase::closing;
        restart(Deadline::What::close, rules.close);
    }
}

Bytes Engine::takeOutput()
{
    return std::exchange(output, {});
}

std::vector<Event> Engine::takeEvents()
{
    return std::exchange(happened, {});
}

Deadline Engine::deadline() const
{
    Deadline changed = time;
    if (deviates.deadline)
    {
        deviates.deadline(changed);
    }
    return changed;
}

void Engine::restart(Deadline::What what, std::chrono::milliseconds after)
{
    time = {after.count() == 0 ? Deadline::What::none : what, after,
            time.turn + 1};
}

void Engine::finish(Why why, uint16_t code, std::string words)
{
    phase = Phase::over;
    reason = why;
    endingChosen = masks && why != Why::refused && !deviates.endsAtOnce
                       ? Ending::waits
                       : Ending::fin;
    if (deviates.ending)
    {
        deviates.ending(why, endingChosen);
    }
    restart(Deadline::What::none, {});
    happened.push_back({.kind = Event::Kind::over,
                        .words = std::move(words),
                        .why = why,
                        .code = code});
    if (!deviates.readsOn)
    {
        input.clear();
        consumed = 0;
        current.reset();
        message.reset();
    }
}

std::string_view Engine::heard() const
{
    // NOLINTNEXTLINE: bytes seen as characters
    return {reinterpret_cast<const char*>(input.data()), input.size()};
}

void Engine::say(std::string_view text)
{
    append(output, text);
}

void Engine::forgetHead(size_t head)
{
    input.erase(input.begin(), input.begin() + static_cast<ptrdiff_t>(head));
    scanned = 0;
}

void Engine::actAsClient(uint64_t seed)
{
    masks = true;
    random.seed(seed);
}

MaskKey Engine::nextMask()
{
    return deviates.mask ? deviates.mask(random) : randomMask(random);
}

void Engine::opened(size_t head, std::string words)
{
    phase = Phase::open;
    happened.push_back(
        {.kind = Event::Kind::opened, .words = std::move(words)});
    const auto taken =
        static_cast<ptrdiff_t>(deviates.losesPipelined ? input.size() : head);
    input.erase(input.begin(), input.begin() + taken);
    scanned = 0;
    restart(Deadline::What::silence, rules.silence);
}

void Engine::stall()
{
    phase = Phase::stalled;
    restart(Deadline::What::none, {});
}

void Engine::readFrames()
{
    const auto reads = [this] {
        return phase == Phase::open || phase == Phase::closing ||
               (phase == Phase::over && deviates.readsOn &&
                reason != Why::refused);
    };
    while (reads() && (current || startFrame()) && takePayload())
    {}
    input.erase(input.begin(),
                input.begin() + static_cast<ptrdiff_t>(consumed));
    consumed = 0;
}

/// Whether a header was there, and its frame is read on.
bool Engine::startFrame()
{
    auto header = parseHeader(ByteView(input).subspan(consumed));
    if (!header)
    {
        return false;
    }
    Ruling ruling = judge(*header);
    if (deviates.frame)
    {
        deviates.frame(*header, ruling);
    }
    consumed += header->size;
    if (!obey(ruling) && !deviates.readsOn)
    {
        return false;
    }
    if (!isControl(header->opcode))
    {
        if (!message)
        {
            message = {.opcode = header->opcode};
        }
        message->length += header->length;
    }
    current = {.header = *header, .skipped = !ruling.accepts()};
    return true;
}

/// Whether all of a frame's payload was there.
bool Engine::takePayload()
{
    Current& frame = *current;
    const uint64_t size = std::min<uint64_t>(input.size() - consumed,
                                             frame.header.length - frame.seen);
    if (size == 0 && frame.header.length != frame.seen)
    {
        return false;
    }
    const ByteView there = ByteView(input).subspan(consumed, size);
    Bytes piece(there.begin(), there.end());
    consumed += size;
    if (frame.header.mask)
    {
        applyMask(piece, *frame.header.mask, frame.seen % sizeof(MaskKey));
    }
    frame.seen += size;
    if (!frame.skipped)
    {
        if (isControl(frame.header.opcode))
        {
            append(frame.body, ByteView(piece));
        }
        else
        {
            takeData(std::move(piece));
        }
    }
    if (current && current->seen == current->header.length)
    {
        endFrame();
        return true;
    }
    return false;
}

Ruling Engine::judge(const Header& header) const
{
    if (header.rsv != 0)
    {
        return Ruling::fails(protocolError, "RSV without an extension");
    }
    if (isReserved(header.opcode))
    {
        return Ruling::fails(protocolError, "a reserved opcode");
    }
    if (header.mask.has_value() == masks)
    {
        return Ruling::fails(protocolError, masks
                                                ? "a frame that is masked"
                                                : "a frame that is not masked");
    }
    if (!header.isMinimal())
    {
        return Ruling::fails(protocolError,
                             "a length that is not in its shortest form");
    }
    if (header.length >> 63 != 0)
    {
        return Ruling::fails(protocolError, "a length of 2^63 or more");
    }
    if (!isControl(header.opcode))
    {
        return judgeData(header);
    }
    if (header.length > controlMax)
    {
        return Ruling::fails(protocolError, "a control frame over 125 bytes");
    }
    if (!header.fin)
    {
        return Ruling::fails(protocolError, "a control frame in fragments");
    }
    return {};
}

Ruling Engine::judgeData(const Header& header) const
{
    const bool continues = header.opcode == Opcode::continuation;
    if (continues && !message)
    {
        return Ruling::fails(protocolError, "a continuation of nothing");
    }
    if (!continues && message)
    {
        return Ruling::fails(protocolError, "a message within another");
    }
    if (header.opcode == Opcode::text && rules.text == TextRule::reject)
    {
        return Ruling::fails(unacceptable, "text is not accepted");
    }
    const uint64_t before = message ? message->length : 0;
    if (header.length > rules.messageMax - std::min(before, rules.messageMax))
    {
        return Ruling::fails(
            tooBig, fmt::format("a message over {} bytes", rules.messageMax));
    }
    return {};
}

Ruling Engine::judge(Opcode opcode, ByteView body) const
{
    if (opcode != Opcode::close)
    {
        return {};
    }
    const auto close = parseClose(body);
    if (!close)
    {
        return Ruling::fails(protocolError, "a Close with half a code");
    }
    if (close->code && !isCloseCode(*close->code))
    {
        return Ruling::fails(protocolError, "a Close with a code of nobody");
    }
    if (!isUtf8(std::as_bytes(std::span(close->reason))))
    {
        return Ruling::fails(inconsistent, "a reason that is not UTF-8");
    }
    return {};
}

Ruling Engine::judgeText(ByteView piece, bool ends)
{
    Ruling ruling;
    if (!message->text.feed(piece) || (ends && !message->text.mayEnd()))
    {
        ruling = Ruling::fails(inconsistent, "text that is not UTF-8");
    }
    if (deviates.text)
    {
        deviates.text(piece, ends, ruling);
    }
    return ruling;
}

void Engine::takeData(Bytes piece)
{
    const Header header = current->header;
    const bool ends = header.fin && current->seen == header.length;
    const bool isText = message && message->opcode == Opcode::text;
    if (isText && !obey(judgeText(piece, ends)))
    {
        return;
    }
    const uint64_t offset = current->seen - piece.size();
    if (deviates.deliver)
    {
        deviates.deliver(header, offset, piece);
    }
    // After our own Close nobody is there who wants it.
    if (!piece.empty() && phase != Phase::closing)
    {
        happened.push_back(
            {.kind = isText ? Event::Kind::text : Event::Kind::data,
             .bytes = std::move(piece)});
    }
}

void Engine::endFrame()
{
    const bool control = isControl(current->header.opcode);
    if (control && !current->skipped)
    {
        onControl();
    }
    else if (!control && current->header.fin)
    {
        message.reset();
    }
    current.reset();
}

void Engine::onControl()
{
    const Header header = current->header;
    Bytes body = std::move(current->body);
    Ruling ruling = judge(header.opcode, body);
    if (deviates.control)
    {
        deviates.control(header, body, ruling);
    }
    if (!obey(ruling))
    {
        return;
    }
    if (header.opcode == Opcode::ping)
    {
        send(Opcode::pong, std::move(body));
    }
    else if (header.opcode == Opcode::close)
    {
        const CloseReason told = parseClose(body).value_or(CloseReason{});
        // "the endpoint typically echos the status code it received" (5.5.1)
        if (phase != Phase::closing)
        {
            send(Opcode::close, told.code ? closeBody(*told.code) : Bytes{});
        }
        finish(Why::closed, told.code.value_or(0), told.reason);
    }
}

/// Whether the frame goes on; false also for one that is only skipped if that
/// is not a matter of its header.
bool Engine::obey(const Ruling& ruling)
{
    switch (ruling.act)
    {
        case Ruling::Act::accept:
            return true;
        case Ruling::Act::skip:
            return !current; // a header's: its payload is read past
        case Ruling::Act::fail:
            if (phase != Phase::closing)
            {
                send(Opcode::close, closeBody(ruling.code, ruling.words));
            }
            finish(Why::failed, ruling.code, ruling.words);
            break;
        case Ruling::Act::hangUp:
            finish(Why::failed, 0, ruling.words);
            break;
        case Ruling::Act::stall:
            stall();
            break;
    }
    return false;
}

void Engine::send(Opcode opcode, Bytes payload)
{
    // Nothing behind a Close (5.5.1), but for who does not obey.
    if (saidClose && !deviates.readsOn)
    {
        return;
    }
    saidClose = saidClose || opcode == Opcode::close;
    std::vector<Frame> frames{
        {.opcode = opcode, .payload = std::move(payload)}};
    if (masks)
    {
        frames.front().mask = nextMask();
    }
    if (deviates.send)
    {
        deviates.send(frames);
    }
    for (const Frame& frame : frames)
    {
        Bytes bytes = encode(frame);
        if (deviates.sent)
        {
            deviates.sent(bytes);
        }
        append(output, ByteView(bytes));
    }
}

} // namespace conformance::ws
