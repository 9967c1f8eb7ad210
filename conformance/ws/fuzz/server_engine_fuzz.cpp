// SPDX-License-Identifier: Apache-2.0
// Input: a byte of choices, then all that a client sends. What the reference
// server makes of it does not depend on how it was cut into segments, and what
// it says keeps the rules.
#include "conformance/ws/server_engine.hpp"
#include "fixtures/fuzz.hpp"

#include <algorithm>

using namespace conformance::ws;

namespace
{

struct Outcome
{
    Bytes said{};
    Bytes delivered{};
    bool over = false;
};

/// Only where text goes wrong: what of its piece was right before that may
/// have been delivered already.
bool isSame(const Outcome& whole, const Outcome& cut)
{
    return whole.said == cut.said && whole.over == cut.over &&
           (whole.over || whole.delivered.size() == cut.delivered.size()) &&
           whole.delivered.size() <= cut.delivered.size() &&
           std::equal(whole.delivered.begin(), whole.delivered.end(),
                      cut.delivered.begin());
}

Outcome outcome(std::span<const uint8_t> bytes, const Terms& terms, size_t cut)
{
    ServerEngine engine(terms);
    Outcome all;
    while (!bytes.empty())
    {
        const auto piece = bytes.first(std::min(cut, bytes.size()));
        engine.receive(std::as_bytes(piece));
        bytes = bytes.subspan(piece.size());
        for (const Event& event : engine.takeEvents())
        {
            vmedia::nbd::append(all.delivered, ByteView(event.bytes));
        }
        vmedia::nbd::append(all.said, ByteView(engine.takeOutput()));
    }
    all.over = engine.isOver();
    return all;
}

void audit(ByteView said, bool over)
{
    const std::string_view text(reinterpret_cast<const char*>(said.data()),
                                said.size()); // NOLINT
    if (!text.starts_with("HTTP/1.1 101"))
    {
        fuzz::require(
            said.empty() ||
                (over && parseResponse(text.substr(0, *endOfHead(text)))),
            "a refusal is a response, and the end");
        return;
    }
    const size_t end = *endOfHead(text);
    fuzz::require(parseResponse(text.substr(0, end)).has_value(),
                  "the 101 is HTTP");
    bool closed = false;
    for (said = said.subspan(end); !said.empty();)
    {
        fuzz::require(!closed, "nothing behind a Close");
        const auto header = parseHeader(said);
        fuzz::require(header && header->length <= said.size() - header->size,
                      "whole frames");
        fuzz::require(!header->mask && header->rsv == 0 && header->fin &&
                          header->isMinimal(),
                      "frames of a server");
        fuzz::require(isControl(header->opcode) && header->length <= 125,
                      "it has nothing to say by itself");
        const ByteView body = said.subspan(header->size, header->length);
        closed = header->opcode == Opcode::close;
        if (closed && !body.empty())
        {
            const auto told = parseClose(body);
            fuzz::require(told && isCloseCode(*told->code), "a good Close");
        }
        said = said.subspan(header->size + header->length);
    }
    fuzz::require(closed == over, "a Close is the end, and the end a Close");
}

fuzz::Input session(uint8_t choices, std::span<const std::byte> frames)
{
    std::mt19937_64 random(1);
    fuzz::Input input{choices};
    const std::string head =
        upgradeRequest("localhost", "/", randomKey(random)).text();
    input.insert(input.end(), head.begin(), head.end());
    std::ranges::transform(frames, std::back_inserter(input),
                           [](std::byte b) { return uint8_t(b); });
    return input;
}

} // namespace

std::vector<fuzz::Input> fuzz::seeds()
{
    using namespace vmedia::nbd::literals;
    return {
        session(0, "8285 37fa213d 7f9f4d5158 8985 37fa213d 7f9f4d5158"_hex),
        session(1, "0181 00000000 c3 8980 00000000 8081 00000000 a4"_hex),
        session(0, "82fe 0080 00000000 00"_hex),
        session(0, "8882 00000000 03e8 8980 00000000"_hex),
        session(1, "8183 00000000 eda080"_hex),
        session(2, "0282 00000000 4142 8082 00000000 4344"_hex),
    };
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    if (size == 0)
    {
        return 0;
    }
    Terms terms;
    terms.text = (data[0] & 1) != 0 ? TextRule::accept : TextRule::reject;
    terms.messageMax = (data[0] & 2) != 0 ? 3 : 1 << 20;
    terms.headMax = (data[0] & 4) != 0 ? 300 : 16 << 10;
    const std::span<const uint8_t> bytes(data + 1, size - 1);
    const Outcome whole = outcome(bytes, terms, bytes.size());
    audit(whole.said, whole.over);
    fuzz::require(isSame(whole, outcome(bytes, terms, 1)),
                  "segments do not matter, byte by byte");
    fuzz::require(isSame(whole, outcome(bytes, terms, 7)),
                  "segments do not matter, 7 at a time");
    return 0;
}
