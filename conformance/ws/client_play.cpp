// SPDX-License-Identifier: Apache-2.0
#include "client_play.hpp"

namespace conformance::ws
{

using namespace vmedia::nbd;

namespace
{

/// No option of the spec has it, and its bytes are ASCII.
constexpr Opt unknown{0x7F};
/// An error reply may say why.
constexpr uint32_t wordsMax = 4096;

} // namespace

void ClientPlay::hearGreeting(Peer& peer)
{
    const auto bytes = peer.wantStream(Greeting::wireSize, "the greeting");
    if (!bytes)
    {
        return;
    }
    const auto greeting =
        decodeGreeting(std::span(*bytes).first<Greeting::wireSize>());
    peer.want(greeting.has_value(), "no NBD greeting", "NBDMAGIC and IHAVEOPT");
    handshakeFlags = greeting ? greeting->handshakeFlags : 0;
}

Bytes ClientPlay::flags() const
{
    Bytes out;
    append(out, uint32_t{handshakeFlags & 3U});
    return out;
}

Bytes ClientPlay::chooseDefault()
{
    Bytes out;
    append(out, encode(OptionHeader{Opt::exportName, 0}));
    return out;
}

void ClientPlay::hearExport(Peer& peer)
{
    const size_t zeroes = (handshakeFlags & noZeroes) != 0 ? 0 : 124;
    const auto told = peer.wantStream(
        InfoExport::wireSize - sizeof(Info) + zeroes, "the export");
    if (told)
    {
        Reader reader(*told);
        size = reader.u64();
        readOnly = (reader.u16() & vmedia::nbd::readOnly) != 0;
        peer.want(size != 0, "an export of 0 bytes", "an export to read from");
    }
}

void ClientPlay::begin(Peer& peer)
{
    hearGreeting(peer);
    Bytes start = flags();
    append(start, ByteView(chooseDefault()));
    peer.sendData(start);
    hearExport(peer);
}

Bytes ClientPlay::unknownOption(std::string_view data)
{
    Bytes out;
    append(out,
           encode(OptionHeader{unknown, static_cast<uint32_t>(data.size())}));
    append(out, data);
    return out;
}

void ClientPlay::wantUnsupported(Peer& peer)
{
    const auto bytes = peer.wantStream(OptionReplyHeader::wireSize,
                                       "a reply to the option");
    if (!bytes)
    {
        return;
    }
    const auto reply = decodeOptionReplyHeader(
        std::span(*bytes).first<OptionReplyHeader::wireSize>());
    peer.want(reply && reply->option == unknown && isError(reply->type) &&
                  reply->length <= wordsMax,
              reply ? nameOf(reply->type) : "what is no option reply",
              "NBD_REP_ERR_UNSUP");
    if (!peer.stopped())
    {
        peer.wantStream(reply->length, "its words");
    }
}

NbdRequest ClientPlay::request(Peer& peer, Cmd type, uint64_t offset,
                               uint32_t length)
{
    return {0, type, peer.random()(), offset, length};
}

std::optional<ErrorValue> ClientPlay::hearReply(Peer& peer,
                                                const NbdRequest& request)
{
    const auto bytes = peer.wantStream(SimpleReply::wireSize, "a reply");
    if (!bytes)
    {
        return std::nullopt;
    }
    const auto reply =
        decodeSimpleReply(std::span(*bytes).first<SimpleReply::wireSize>());
    peer.want(reply && reply->cookie == request.cookie,
              reply ? "a reply with a cookie that is not ours"
                    : "what is no reply",
              "a simple reply with our cookie");
    return peer.stopped() ? std::nullopt : std::optional(reply->error);
}

} // namespace conformance::ws
