// SPDX-License-Identifier: Apache-2.0
// Input: pieces of a conversation, each with a byte for who says it and whether
// it was kept, and two of its length.
#include "conformance/wire/message.hpp"
#include "conformance/wire/nbd_decoder.hpp"
#include "fixtures/fuzz.hpp"
#include "vmedia/nbd/chunk.hpp"

#include <algorithm>
#include <array>

using namespace vmedia::nbd;

namespace
{

enum Piece : uint8_t
{
    ofServer = 1,
    notKept = 2,
};

template <size_t count>
void add(fuzz::Input& input, uint8_t piece,
         const std::array<std::byte, count>& data)
{
    input.insert(input.end(), {piece, 0, uint8_t(count)});
    std::ranges::transform(data, std::back_inserter(input),
                           [](std::byte b) { return uint8_t(b); });
}

/// Each byte of a side belongs to one message, and each of a message to one
/// field.
void audit(const std::vector<conformance::Message>& messages,
           conformance::WireKind kind, const conformance::OneWay& side)
{
    uint64_t at = 0;
    for (const conformance::Message& message : messages)
    {
        if (message.kind != kind)
        {
            continue;
        }
        fuzz::require(message.offset == at && message.length > 0,
                      "messages follow each other without a gap");
        at += message.length;
        fuzz::require(message.bytes.size() <= message.length,
                      "no more bytes than there are");
        fuzz::require(!message.title.empty(), "each message has a name");
        uint64_t in = 0;
        for (const conformance::Field& field : message.fields)
        {
            fuzz::require(field.offset == in, "fields follow each other");
            in += field.length;
        }
        fuzz::require(in <= message.length, "fields lie in their message");
        fuzz::require(message.entry == side.entryOf(message.offset),
                      "a message is where its first byte is");
    }
    fuzz::require(at == side.size(), "no byte is left out");
}

} // namespace

std::vector<fuzz::Input> fuzz::seeds()
{
    Input haggling;
    add(haggling, ofServer, encode(Greeting{3}));
    add(haggling, 0, pack<4>(uint32_t{3}));
    add(haggling, 0, encode(OptionHeader{Opt::structuredReply, 0}));
    add(haggling, ofServer,
        encode(OptionReplyHeader{Opt::structuredReply, Rep::ack, 0}));
    Input reading = haggling;
    add(reading, 0, encode(Request{0, Cmd::read, 7, 0, 16}));
    add(reading, ofServer,
        encode(ChunkHeader{replyDone, Chunk::offsetHole, 7, 12}));
    add(reading, ofServer, pack<12>(uint64_t{0}, uint32_t{16}));
    add(reading, 0, encode(ExtendedRequest{0, Cmd::blockStatus, 8, 0, 16}));
    add(reading, ofServer,
        encode(ExtendedChunkHeader{replyDone, Chunk::blockStatusExt, 8, 0, 8}));
    add(reading, ofServer, pack<8>(uint64_t{0}));
    Input simple;
    add(simple, 0, encode(Request{0, Cmd::read, 7, 0, 4}));
    add(simple, notKept, pack<2>(uint16_t{0}));
    add(simple, ofServer, encode(SimpleReply{ErrorValue::none, 7}));
    return {haggling, reading, simple};
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    fuzz::Choices choices(data, size);
    conformance::OneWay client;
    conformance::OneWay server;
    for (size_t entry = 0; !choices.left().empty(); ++entry)
    {
        const uint8_t piece = choices.byte();
        const uint64_t length = choices.number(2);
        conformance::OneWay& side = (piece & ofServer) != 0 ? server : client;
        if ((piece & notKept) != 0)
        {
            side.skip(entry, length);
            continue;
        }
        Bytes bytes;
        while (bytes.size() < length && !choices.left().empty())
        {
            bytes.push_back(std::byte{choices.byte()});
        }
        side.append(entry, ByteView(bytes));
    }
    const auto messages = conformance::decodeNbd(client, server);
    audit(messages, conformance::WireKind::sent, client);
    audit(messages, conformance::WireKind::received, server);
    return 0;
}
