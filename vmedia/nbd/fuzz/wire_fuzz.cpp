// SPDX-License-Identifier: Apache-2.0
// Input: which message, then its bytes. What decodes is encoded again and must
// be the same bytes: a decoder that skips or accepts too much shows here.
#include "fixtures/fuzz.hpp"
#include "vmedia/nbd/chunk.hpp"
#include "vmedia/nbd/wire.hpp"

#include <algorithm>

using namespace vmedia::nbd;

namespace
{

template <typename Message, typename Decode>
void fixed(ByteView bytes, Decode decode)
{
    if (bytes.size() < Message::wireSize)
    {
        return;
    }
    const auto in = bytes.first<Message::wireSize>();
    if (const Decoded<Message> message = decode(in))
    {
        fuzz::require(std::ranges::equal(encode(*message), in),
                      "what was decoded encodes to the same bytes");
    }
}

/// The data of an option or of a reply: it has to fit to its last byte.
template <typename Decode, typename Encode>
void whole(ByteView bytes, Decode decode, Encode encodeAgain)
{
    if (const auto message = decode(bytes))
    {
        fuzz::require(std::ranges::equal(encodeAgain(*message), bytes),
                      "what was decoded encodes to the same bytes");
    }
}

void decodeAs(uint8_t kind, ByteView bytes)
{
    switch (kind)
    {
        case 0:
            return fixed<Greeting>(bytes, decodeGreeting);
        case 1:
            return fixed<OptionHeader>(bytes, decodeOptionHeader);
        case 2:
            return fixed<OptionReplyHeader>(bytes, decodeOptionReplyHeader);
        case 3:
            return fixed<Request>(bytes, decodeRequest);
        case 4:
            return fixed<SimpleReply>(bytes, decodeSimpleReply);
        case 5:
            return fixed<ExtendedRequest>(bytes, decodeExtendedRequest);
        case 6:
            return whole(bytes, decodeInfoExport,
                         [](const InfoExport& info) { return encode(info); });
        case 7:
            return whole(bytes, decodeInfoBlockSize,
                         [](const auto& info) { return encode(info); });
        case 8:
            return whole(bytes, decodeInfoRequest, [](const auto& request) {
                return encodeInfoRequest(request.name, request.wanted);
            });
        default:
            return whole(bytes, decodeMetaRequest, [](const auto& request) {
                return encodeMetaRequest(request.exportName, request.queries);
            });
    }
}

void nameAll(uint32_t value)
{
    const auto narrow = static_cast<uint16_t>(value);
    for (const std::string& name :
         {nameOf(Opt{value}), nameOf(Rep{value}), nameOf(ErrorValue{value}),
          nameOf(Info{narrow}), nameOf(Cmd{narrow}), nameOf(Chunk{narrow})})
    {
        fuzz::require(!name.empty(), "every value has a name");
    }
}

template <typename Container>
fuzz::Input seed(uint8_t kind, const Container& bytes)
{
    fuzz::Input input{kind};
    std::ranges::transform(bytes, std::back_inserter(input),
                           [](std::byte b) { return uint8_t(b); });
    return input;
}

} // namespace

std::vector<fuzz::Input> fuzz::seeds()
{
    constexpr Info wanted[] = {Info::name, Info::blockSize};
    constexpr std::string_view queries[] = {"base:allocation", "base:", ""};
    return {
        seed(0, encode(Greeting{fixedNewstyle | noZeroes})),
        seed(1, encode(OptionHeader{Opt::go, 6})),
        seed(2, encode(OptionReplyHeader{Opt::go, Rep::info, 12})),
        seed(3, encode(Request{commandFua, Cmd::write, 1, 512, 4096})),
        seed(4, encode(SimpleReply{ErrorValue::eio, 1})),
        seed(5,
             encode(ExtendedRequest{commandPayloadLen, Cmd::write, 1, 0, 4})),
        seed(6, encode(InfoExport{1 << 20, hasFlags})),
        seed(7, encode(InfoBlockSize{1, 4096, 32U << 20})),
        seed(8, encodeInfoRequest("disk", wanted)),
        seed(9, encodeMetaRequest("disk", queries)),
    };
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    fuzz::Choices choices(data, size);
    const uint8_t kind = choices.byte();
    const ByteView bytes = std::as_bytes(choices.left());
    decodeAs(kind % 10, bytes);
    nameAll(static_cast<uint32_t>(choices.number(4)));
    return 0;
}
