// SPDX-License-Identifier: Apache-2.0
// Input: a byte of choices, then all that a server sends; behind a right
// response, if the first choice is that. What the reference client makes of it
// does not depend on how it was cut into segments, and what it says keeps the
// rules.
#include "conformance/ws/client_engine.hpp"
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

Outcome outcome(std::span<const uint8_t> bytes, bool opens, size_t cut)
{
    constexpr uint64_t seed = 1;
    ClientEngine engine({.host = "bmc", .subprotocols = {"binary"}}, {}, {},
                        seed);
    const Bytes asked = engine.takeOutput();
    Outcome all;
    if (opens)
    {
        const std::string_view head(reinterpret_cast<const char*>(asked.data()),
                                    asked.size()); // NOLINT
        const std::string text = upgradeResponse(*parseRequest(head)).text();
        engine.receive(std::as_bytes(std::span(text)));
        fuzz::require(engine.isOpen(), "a right response opens");
    }
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

/// Whole frames, all masked, and nothing behind a Close.
void audit(ByteView said)
{
    bool closed = false;
    while (!said.empty())
    {
        fuzz::require(!closed, "nothing behind a Close");
        const auto header = parseHeader(said);
        fuzz::require(header && header->size + header->length <= said.size(),
                      "whole frames");
        fuzz::require(header->mask.has_value(), "each is masked");
        fuzz::require(header->isMinimal() && header->rsv == 0 && header->fin,
                      "each is well-formed");
        closed = header->opcode == Opcode::close;
        said = said.subspan(header->size + header->length);
    }
}

fuzz::Input session(uint8_t choices, std::string_view head,
                    std::span<const std::byte> frames = {})
{
    fuzz::Input input{choices};
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
        session(1, "", "8205 0102030405 8900"_hex),
        session(3, "", "0201 01 8900 8001 02 8802 03e8"_hex),
        session(7, "", "8285 37fa213d 7f9f4d5158"_hex),
        session(0, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                   "Connection: Upgrade\r\n\r\n"),
        session(2, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 302 Found\r\n"
                   "Location: http://x/\r\n\r\n"),
    };
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    if (size == 0)
    {
        return 0;
    }
    const bool opens = (data[0] & 1) != 0;
    const size_t cut = 1 + (data[0] >> 1);
    const std::span<const uint8_t> bytes(data + 1, size - 1);
    const Outcome whole = outcome(bytes, opens, bytes.size() + 1);
    const Outcome parts = outcome(bytes, opens, cut);
    fuzz::require(whole.said == parts.said && whole.over == parts.over,
                  "says the same however it is cut");
    fuzz::require(whole.over || whole.delivered == parts.delivered,
                  "delivers the same however it is cut");
    audit(whole.said);
    return 0;
}
