// SPDX-License-Identifier: Apache-2.0
// Input: where the stream is cut, then what a server sends. A read's length is
// made of its cookie, since a reply does not tell it.
#include "bench/reply_parser.hpp"
#include "fixtures/fuzz.hpp"

#include <tuple>

using namespace vmedia::nbd;

namespace
{

/// All that a parser told, without where the pieces of data were cut.
struct Record
{
    std::vector<std::tuple<ErrorValue, uint64_t, Bytes>> replies{};
    size_t done = 0;
    uint32_t left = 0;

    std::optional<uint32_t> onReply(const SimpleReply& reply)
    {
        fuzz::require(done == replies.size(), "a reply after the one before");
        replies.emplace_back(reply.error, reply.cookie, Bytes{});
        constexpr uint64_t unheard = 0xff;
        left = reply.error == ErrorValue::none ? reply.cookie % 64 : 0;
        return (reply.cookie >> 56) == unheard ? std::nullopt
                                               : std::optional(left);
    }
    bool onData(uint64_t cookie, uint32_t position, ByteView piece)
    {
        auto& [error, own, data] = replies.back();
        fuzz::require(cookie == own, "data is of the reply before it");
        fuzz::require(position == data.size(), "data comes in order");
        fuzz::require(!piece.empty() && piece.size() <= left,
                      "no more data than there is");
        left -= static_cast<uint32_t>(piece.size());
        append(data, piece);
        return true;
    }
    void onDone(uint64_t cookie)
    {
        ++done;
        fuzz::require(done == replies.size() &&
                          cookie == std::get<1>(replies.back()) && left == 0,
                      "each reply is done once, with all its data");
    }
};

fuzz::Input seed(std::initializer_list<uint64_t> cookies, uint8_t piece)
{
    fuzz::Input input{piece};
    for (const uint64_t cookie : cookies)
    {
        const auto error = cookie % 3 == 0 ? ErrorValue::eio : ErrorValue::none;
        for (const std::byte b : encode(SimpleReply{error, cookie}))
        {
            input.push_back(uint8_t(b));
        }
        input.resize(input.size() +
                     (error == ErrorValue::none ? cookie % 64 : 0));
    }
    return input;
}

} // namespace

std::vector<fuzz::Input> fuzz::seeds()
{
    return {seed({1, 2, 3}, 0), seed({1, 64, 7}, 1), seed({63, 3, 2}, 17),
            seed({5, 0xff00000000000001}, 16)};
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    using Fed = bench::ReplyParser::Fed;
    fuzz::Choices choices(data, size);
    const size_t piece = size_t{choices.byte()} + 1;
    ByteView bytes = std::as_bytes(choices.left());

    Record whole;
    bench::ReplyParser parser;
    const Fed end = parser.feed(bytes, whole);

    Record inPieces;
    bench::ReplyParser other;
    Fed endInPieces = Fed::all;
    while (!bytes.empty() && endInPieces == Fed::all)
    {
        const size_t next = std::min(piece, bytes.size());
        endInPieces = other.feed(bytes.first(next), inPieces);
        bytes = bytes.subspan(next);
    }
    fuzz::require(end == endInPieces && whole.replies == inPieces.replies &&
                      whole.done == inPieces.done,
                  "it does not matter where the stream is cut");
    return 0;
}
