// SPDX-License-Identifier: Apache-2.0
#include "deviations.hpp"
#include "reference_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace conformance::ws
{

using namespace deviations;

namespace
{

using Clients = std::map<std::string, Deviation, std::less<>>;

Deviation asks(std::function<void(Request& request)> change)
{
    return {.request = std::move(change)};
}

/// A response that matches opens the WebSocket, whatever else it says.
Deviation opensOn(std::function<bool(const Response& response)> matches)
{
    return {.heard = [=](const Response& response, std::string& fault) {
        if (matches(response))
        {
            fault.clear();
        }
    }};
}

/// One that is right and matches opens nothing.
Deviation refusesIf(std::function<bool(const Response& response)> matches)
{
    return {.heard = [=](const Response& response, std::string& fault) {
        if (matches(response))
        {
            fault = "a defect";
        }
    }};
}

std::string first(const Response& response, std::string_view name)
{
    return response.value(name).value_or("");
}

void addClientRequestDefects(Clients& all)
{
    all["ws.clt.request.get-http11"] =
        asks([](Request& request) { request.version = "HTTP/1.0"; });
    all["ws.clt.request.path-and-query"] = asks([](Request& request) {
        request.target = request.target.substr(0, request.target.find('?'));
    });
    all["ws.clt.request.host"] =
        asks([](Request& request) { request.set("Host", "127.0.0.1"); });
    all["ws.clt.request.upgrade"] =
        asks([](Request& request) { request.drop("Connection"); });
    all["ws.clt.request.key-16-bytes"] = {.key = [](std::mt19937_64& random) {
        return randomKey(random).substr(0, 22);
    }};
    all["ws.clt.request.key-fresh"] = {.key = [](std::mt19937_64&) {
        return std::string("dGhlIHNhbXBsZSBub25jZQ==");
    }};
    all["ws.clt.request.origin"] =
        asks([](Request& request) { request.drop("Origin"); });
    all["ws.clt.request.version-13"] = asks(
        [](Request& request) { request.set("Sec-WebSocket-Version", "8"); });
    all["ws.clt.request.subprotocols"] = asks([](Request& request) {
        request.set("Sec-WebSocket-Protocol", "binary, binary");
    });
    all["ws.clt.request.extensions"] = asks([](Request& request) {
        request.set("Sec-WebSocket-Extensions", "permessage-deflate; =1");
    });
    all["ws.clt.request.no-frame-before-101"] = {
        .requestText = [](std::string& text) { text += "\x82\x80wxyz"; }};
    all["ws.clt.request.one-connecting"] = {.connectsAtOnce = true};
    all["ws.clt.request.server-name"] = {.callsNobody = true};
    all["ws.clt.request.credentials"] =
        asks([](Request& request) { request.drop("Authorization"); });
}

void addFieldDefects(Clients& all)
{
    constexpr std::string_view accept = "Sec-WebSocket-Accept";
    const auto lacks = [](std::string_view name) {
        return opensOn([name = std::string(name)](const Response& response) {
            return !response.value(name);
        });
    };
    const auto has = [](std::string_view name, std::string value) {
        return [name = std::string(name),
                value = std::move(value)](const Response& response) {
            return first(response, name) == value;
        };
    };
    all["ws.clt.response.accept-missing"] = lacks(accept);
    all["ws.clt.response.accept-wrong"] =
        opensOn(has(accept, acceptOf("dGhlIHNhbXBsZSBub25jZQ==")));
    // Whatever is there, if it looks like one.
    all["ws.clt.response.accept-other-case"] =
        opensOn([accept](const Response& response) {
        return first(response, accept).size() == 28;
    });
    all["ws.clt.response.accept-whitespace"] = {.received = [](Bytes& piece) {
        constexpr std::string_view spaced = "Sec-WebSocket-Accept:  ";
        const auto bytes = std::as_bytes(std::span(spaced));
        const auto found = std::search(piece.begin(), piece.end(),
                                       bytes.begin(), bytes.end());
        if (found != piece.end())
        {
            *found = std::byte{'X'}; // as if its value were another
        }
    }};
    all["ws.clt.response.upgrade-missing"] = lacks("Upgrade");
    all["ws.clt.response.upgrade-other"] = opensOn(has("Upgrade", "h2c"));
    all["ws.clt.response.upgrade-case"] =
        refusesIf(has("Upgrade", "WebSocket"));
    all["ws.clt.response.connection-missing"] = lacks("Connection");
    all["ws.clt.response.connection-other"] =
        opensOn(has("Connection", "close"));
    all["ws.clt.response.connection-case"] =
        refusesIf(has("Connection", "keep-alive, upgrade"));
    all["ws.clt.response.subprotocol-not-offered"] =
        opensOn(has("Sec-WebSocket-Protocol", "x-not-offered"));
    all["ws.clt.response.subprotocols-two"] =
        opensOn([](const Response& response) {
        return first(response, "Sec-WebSocket-Protocol").find(',') !=
               std::string::npos;
    });
    all["ws.clt.response.subprotocol-missing"] =
        refusesIf([](const Response& response) {
        return !response.value("Sec-WebSocket-Protocol");
    });
    all["ws.clt.response.extension-not-offered"] =
        opensOn(has("Sec-WebSocket-Extensions", "x-not-offered"));
    all["ws.clt.response.extension-malformed"] =
        opensOn(has("Sec-WebSocket-Extensions", "; ="));
    // It offers what it does not speak, and takes any answer to that.
    Deviation& agrees = all["ws.clt.response.deflate-parameters"];
    agrees = opensOn([](const Response& response) {
        return response.value("Sec-WebSocket-Extensions").has_value();
    });
    agrees.request = [](Request& request) {
        request.set("Sec-WebSocket-Extensions", "permessage-deflate");
    };
}

void addClientResponseDefects(Clients& all)
{
    addFieldDefects(all);
    for (const int status : {200, 204, 400, 401, 403, 404, 426, 500, 503})
    {
        all[fmt::format("ws.clt.response.status-{}", status)] =
            opensOn([status](const Response& response) {
            return response.status == status;
        });
    }
    all["ws.clt.response.redirect-301"] = {.follows = true};
    all["ws.clt.response.redirect-302"] = {.follows = true};
    // Only the first segment is looked at for an end.
    all["ws.clt.response.bytewise"] = {
        .received = [sum = size_t{0}](Bytes& piece) mutable {
        sum += piece.size();
        if (piece.size() == 1 && sum > 16)
        {
            piece.clear();
        }
    }};
    all["ws.clt.response.frame-behind"] = {.losesPipelined = true};
    all["ws.clt.response.interim"] = {.takesInterim = true};
    all["ws.clt.response.body"] = {.received = [](Bytes& piece) {
        constexpr std::string_view body = "\r\n\r\nhello";
        const auto bytes = std::as_bytes(std::span(body));
        const auto found = std::search(piece.begin(), piece.end(),
                                       bytes.begin(), bytes.end());
        if (found != piece.end())
        {
            piece.erase(found + 4, found + 9);
        }
    }};
    all["ws.clt.response.head-endless"] = {.boundsNothing = true};
    all["ws.clt.response.silence"] = neverExpires(Deadline::What::handshake);
}

Deviation changesFrames(std::function<void(Frame& frame)> change)
{
    return {.send = [change](std::vector<Frame>& frames) {
        for (Frame& frame : frames)
        {
            change(frame);
        }
    }};
}

void addClientSentDefects(Clients& all)
{
    all["ws.clt.sent.masked"] =
        sends(Opcode::pong,
              [](std::vector<Frame>& frames) { frames.front().mask.reset(); });
    all["ws.clt.sent.mask-fresh"] = {
        .mask = [count = uint32_t{0}](std::mt19937_64&) mutable {
        ++count; // a counter, whose low byte is the first
        MaskKey key{};
        std::memcpy(key.data(), &count, sizeof(count));
        return key;
    }};
    all["ws.clt.sent.minimal-length"] = changesFrames([](Frame& frame) {
        frame.form = isControl(frame.opcode) ? frame.form : LengthForm::bits64;
    });
    all["ws.clt.sent.rsv-0"] = changesFrames([](Frame& frame) {
        frame.rsv = isControl(frame.opcode) ? uint8_t{0} : uint8_t{1};
    });
    all["ws.clt.sent.binary"] = changesFrames([](Frame& frame) {
        frame.opcode = frame.opcode == Opcode::binary ? Opcode::text
                                                      : frame.opcode;
    });
    all["ws.clt.sent.control-short"] = changesFrames([](Frame& frame) {
        if (frame.opcode == Opcode::pong && frame.payload.empty())
        {
            frame.payload.resize(126);
        }
    });
    all["ws.clt.sent.nothing-after-close"] =
        sends(Opcode::close, [](std::vector<Frame>& frames) {
        frames.push_back({.payload = Bytes(1), .mask = MaskKey{}});
    });
    // A pong for a fragment, in the middle of a message.
    all["ws.clt.sent.not-interleaved"] = sends(Opcode::binary,
                                               [](std::vector<Frame>& frames) {
        if (frames.front().payload.size() > 1024)
        {
            frames.front().fin = false;
        }
    });
}

/// As a right frame, payload and all.
Deviation takesOpcode(int opcode)
{
    return {.frame = [opcode](Header& header, Ruling& ruling) {
        if (header.opcode == Opcode{static_cast<uint8_t>(opcode)})
        {
            header.opcode = opcode < 8 ? Opcode::binary : Opcode::pong;
            ruling = {};
        }
    }};
}

void addClientReceivedDefects(Clients& all)
{
    all["ws.clt.received.masked"] = takes([](const Header& header) {
        return header.mask && header.opcode == Opcode::binary;
    });
    all["ws.clt.received.masked-ping"] = takes([](const Header& header) {
        return header.mask && header.opcode == Opcode::ping;
    });
    for (const int bit : {1, 2, 3})
    {
        all[fmt::format("ws.clt.received.rsv-{}", bit)] = takes(
            [bit](const Header& header) { return header.rsv == 8 >> bit; });
    }
    all["ws.clt.received.opcode-3"] = takesOpcode(3);
    all["ws.clt.received.opcode-11"] = takesOpcode(11);
    all["ws.clt.received.nonminimal-16"] = takes([](const Header& header) {
        return header.form == LengthForm::bits16 && header.length == 5;
    });
    all["ws.clt.received.nonminimal-64"] = takes([](const Header& header) {
        return header.form == LengthForm::bits64 && header.length == 200;
    });
    all["ws.clt.received.length-msb"] = {
        .frame = [](Header& header, Ruling& ruling) {
        if (header.length >> 63 != 0)
        {
            header.length &= ~uint64_t{0} >> 1;
            ruling = {};
        }
    }};
    all["ws.clt.received.control-126"] = takes([](const Header& header) {
        return header.opcode == Opcode::ping && header.length == 126;
    });
    all["ws.clt.received.control-fragmented"] = takes([](const Header& header) {
        return header.opcode == Opcode::ping && !header.fin;
    });
    all["ws.clt.received.continuation-first"] =
        takes(opcodeIs(Opcode::continuation));
    all["ws.clt.received.data-inside"] = takes(opcodeIs(Opcode::binary));
    all["ws.clt.received.split-28"] =
        corrupts([](const Header& header, uint64_t, ByteView) {
        return header.opcode == Opcode::continuation && header.fin;
    });
    all["ws.clt.received.coalesced-64"] =
        corrupts([](const Header& header, uint64_t, ByteView) {
        return header.length > 1000;
    });
    all["ws.clt.received.ping-behind"] = sends(Opcode::pong,
                                               [](std::vector<Frame>& frames) {
        frames.front().payload.assign(frames.front().payload.size(),
                                      std::byte{0});
    });
    all["ws.clt.received.empty"] = rules([](const Header& header) {
        return header.length == 0 && header.opcode == Opcode::continuation;
    }, failed);
    all["ws.clt.received.text"] = rules(opcodeIs(Opcode::text), skipped);
}

void addClientCloseDefects(Clients& all)
{
    const auto answersLike = [](uint16_t code, uint16_t like) {
        return sends(Opcode::close, [code, like](std::vector<Frame>& frames) {
            if (codeOf(frames.front().payload) == code)
            {
                frames.front().payload = closeBody(like);
            }
        });
    };
    for (const uint16_t code :
         std::initializer_list<uint16_t>{1000, 1001, 1011, 4000})
    {
        all[fmt::format("ws.clt.close.code-{}", code)] = answersLike(code,
                                                                     1002);
    }
    all["ws.clt.close.empty"] = sends(Opcode::close,
                                      [](std::vector<Frame>& frames) {
        if (frames.front().payload.empty())
        {
            frames.front().payload = closeBody(1005);
        }
    });
    all["ws.clt.close.waits-for-end"] = {.endsAtOnce = true};
    for (const std::string_view of : {"1001", "1011", "fin"})
    {
        all[fmt::format("ws.clt.close.tells-of-{}", of)] = {.isContent = true};
    }
    all["ws.clt.close.after-disconnect"] = {.staysDone = true};
    all["ws.clt.close.while-busy"] = {
        .frame = [most = uint64_t{0}](Header& header, Ruling& ruling) mutable {
        most = std::max(most, header.length);
        if (header.opcode == Opcode::close && most > 100)
        {
            ruling = stalled;
        }
    }};
    all["ws.clt.close.backs-off"] = {.dialsAgain = true};
    all["ws.clt.close.one-byte"] =
        rulesClose([](ByteView body) { return body.size() == 1; }, {});
    for (const uint16_t code : std::initializer_list<uint16_t>{1005, 1006, 999})
    {
        all[fmt::format("ws.clt.close.code-{}", code)] = rulesClose(
            [code](ByteView body) { return codeOf(body) == code; }, {});
    }
}

/// A request for a read from there on, and what becomes of it.
Deviation changesReads(std::function<bool(uint64_t offset)> matches,
                       std::function<void(Bytes& piece)> change)
{
    return {.deliver = [=](const Header&, uint64_t, Bytes& piece) {
        constexpr size_t offsetAt = 16;
        uint64_t offset = 0;
        if (piece.size() < offsetAt + sizeof(offset) ||
            piece.front() != std::byte{0x25})
        {
            return;
        }
        for (size_t i = 0; i < sizeof(offset); ++i)
        {
            offset = offset << 8 |
                     std::to_integer<uint64_t>(piece[offsetAt + i]);
        }
        if (matches(offset))
        {
            change(piece);
        }
    }};
}

void addClientResourceDefects(Clients& all)
{
    all["ws.clt.resources.unread"] = {.takesAllOutput = true};
    // All that came before is looked at again for each frame.
    all["ws.clt.resources.linear-time"] = {
        .deliver = [before = Bytes(), sum = uint64_t{0}](
                       const Header&, uint64_t, Bytes& piece) mutable {
        vmedia::nbd::append(before, ByteView(piece));
        for (size_t i = 0; i < before.size(); i += 4)
        {
            sum += std::to_integer<uint64_t>(before[i]);
        }
        if (sum == 1) // never: but who knows that
        {
            piece.clear();
        }
    }};
    all["ws.clt.resources.image-vanishes"] = changesReads([](uint64_t offset) {
        return offset == 512U << 10;
    }, [](Bytes& piece) { piece.clear(); });
    all["ws.clt.resources.offset-53-bits"] = changesReads(
        [](uint64_t offset) { return offset >> 53 != 0; }, [](Bytes& piece) {
        for (size_t i = 16; i < 24; ++i)
        {
            piece[i] = std::byte{0};
        }
    });
}

} // namespace

std::map<std::string, Deviation, std::less<>> clientDefects()
{
    Clients all;
    addClientRequestDefects(all);
    addClientResponseDefects(all);
    addClientSentDefects(all);
    addClientReceivedDefects(all);
    addClientCloseDefects(all);
    addClientResourceDefects(all);
    return all;
}

} // namespace conformance::ws
