// SPDX-License-Identifier: Apache-2.0
// Input: pieces of a conversation, each with a byte for who says it and whether
// it was kept, and two of its length.
#include "conformance/wire/ws_decoder.hpp"
#include "conformance/wire/ws_frame.hpp"
#include "fixtures/fuzz.hpp"

using namespace conformance;
using vmedia::nbd::ByteView;

namespace
{

enum Piece : uint8_t
{
    ofServer = 1,
    notKept = 2,
};

void add(fuzz::Input& input, uint8_t piece, ByteView data)
{
    input.insert(input.end(),
                 {piece, uint8_t(data.size() >> 8), uint8_t(data.size())});
    for (const std::byte byte : data)
    {
        input.push_back(uint8_t(byte));
    }
}

void add(fuzz::Input& input, uint8_t piece, std::string_view text)
{
    add(input, piece, std::as_bytes(std::span(text)));
}

/// Each byte of a side belongs to one message that it sent itself, and each
/// of a message to one field.
void audit(const std::vector<Message>& messages, WireKind kind,
           const OneWay& side)
{
    uint64_t at = 0;
    for (const Message& message : messages)
    {
        uint64_t in = 0;
        for (const Field& field : message.fields)
        {
            fuzz::require(field.offset == in, "fields follow each other");
            in += field.length;
        }
        fuzz::require(in <= message.length, "fields lie in their message");
        fuzz::require(message.bytes.size() <= message.length,
                      "no more bytes than there are");
        if (message.kind != kind || message.carried)
        {
            continue;
        }
        fuzz::require(message.offset == at && message.length > 0,
                      "messages follow each other without a gap");
        fuzz::require(message.entry == side.entryOf(at),
                      "a message is where its first byte is");
        at += message.length;
    }
    fuzz::require(at == side.size(), "no byte is left out");
}

} // namespace

std::vector<fuzz::Input> fuzz::seeds()
{
    using vmedia::nbd::append;
    Input open;
    add(open, 0, "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");
    add(open, ofServer, "HTTP/1.1 101 Switching Protocols\r\n\r\n");
    vmedia::nbd::Bytes greeting;
    append(greeting, std::string_view("NBDMAGICIHAVEOPT"));
    append(greeting, uint16_t{3});
    Input nbd = open;
    add(nbd, ofServer, ws::encode({.payload = greeting}));
    add(nbd, 0,
        ws::encode({.payload = vmedia::nbd::Bytes(4),
                    .mask = ws::MaskKey{std::byte{1}}}));
    Input closing = open;
    add(closing, 0,
        ws::encode({.opcode = ws::Opcode::close,
                    .payload = ws::closeBody(1002, "bad")}));
    add(closing, notKept, std::string_view("xx"));
    Input refused;
    add(refused, 0, "GET / HTTP/1.1\r\n\r\n");
    add(refused, ofServer,
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno");
    return {nbd, closing, refused};
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    fuzz::Choices choices(data, size);
    OneWay client;
    OneWay server;
    for (size_t entry = 0; !choices.left().empty(); ++entry)
    {
        const uint8_t piece = choices.byte();
        const uint64_t length = choices.number(2);
        OneWay& side = (piece & ofServer) != 0 ? server : client;
        if ((piece & notKept) != 0)
        {
            side.skip(entry, length);
            continue;
        }
        vmedia::nbd::Bytes bytes;
        while (bytes.size() < length && !choices.left().empty())
        {
            bytes.push_back(std::byte{choices.byte()});
        }
        side.append(entry, ByteView(bytes));
    }
    const auto messages = decodeWebSocket(client, server);
    audit(messages, WireKind::sent, client);
    audit(messages, WireKind::received, server);
    return 0;
}
