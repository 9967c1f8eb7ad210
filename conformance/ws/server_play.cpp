// SPDX-License-Identifier: Apache-2.0
#include "server_play.hpp"

#include <algorithm>

namespace conformance::ws
{

using namespace vmedia::nbd;

namespace
{

constexpr uint64_t exportSize = 64U << 20;
/// More options than any client has.
constexpr int optionsMax = 64;
constexpr uint32_t optionDataMax = 64U << 10;
constexpr uint32_t readMax = 32U << 20;

void appendPattern(Bytes& out, uint64_t offset, uint32_t length)
{
    for (uint64_t at = offset; at < offset + length; ++at)
    {
        out.push_back(
            static_cast<std::byte>((at & ~uint64_t{7}) >> (56 - 8 * (at & 7))));
    }
}

std::optional<NbdRequest> wantRequest(Peer& peer)
{
    const auto bytes = peer.wantStream(NbdRequest::wireSize,
                                       "a client that reads on");
    if (!bytes)
    {
        return std::nullopt;
    }
    const auto request =
        decodeRequest(std::span(*bytes).first<NbdRequest::wireSize>());
    if (!request || (request->type == Cmd::read &&
                     (request->length > readMax ||
                      request->offset > exportSize - request->length)))
    {
        peer.conclude(failed("what is no request to our export",
                             "NBD requests within the export"));
        return std::nullopt;
    }
    peer.want(request->type != Cmd::disc, "NBD_CMD_DISC",
              "a client that reads on");
    return *request;
}

} // namespace

Bytes replyTo(const NbdRequest& request)
{
    Bytes reply = errorTo(request, ErrorValue::none);
    if (request.type == Cmd::read)
    {
        appendPattern(reply, request.offset, request.length);
    }
    return reply;
}

Bytes errorTo(const NbdRequest& request, ErrorValue error)
{
    Bytes reply;
    append(reply, encode(SimpleReply{error, request.cookie}));
    return reply;
}

void ServerPlay::sendAtOnce(Peer& peer, const Told& told)
{
    peer.sendData(told.replies);
}

void ServerPlay::haggle(Peer& peer, const Tell& tell)
{
    const ExportInfo exports[] = {{.name = {},
                                   .size = exportSize,
                                   .flags = hasFlags | readOnly,
                                   .byDefault = true}};
    Negotiator negotiator(exports);
    const auto flags = peer.wantStream(sizeof(uint32_t), "client flags");
    Phase phase = flags ? negotiator.onClientFlags(Reader(*flags).u32())
                        : Phase::closed;
    for (int i = 0; phase == Phase::options && i < optionsMax; ++i)
    {
        phase = hearOption(peer, negotiator, tell);
    }
    peer.want(phase == Phase::transmission,
              "a client that does not choose the export",
              "NBD_OPT_GO or NBD_OPT_EXPORT_NAME");
}

/// One option and its replies.
Phase ServerPlay::hearOption(Peer& peer, Negotiator& negotiator,
                             const Tell& tell)
{
    const auto head = peer.wantStream(OptionHeader::wireSize, "an option");
    if (!head)
    {
        return Phase::closed;
    }
    const auto header =
        decodeOptionHeader(std::span(*head).first<OptionHeader::wireSize>());
    if (!header || header->length > optionDataMax)
    {
        peer.conclude(failed("what is no NBD option", "an option"));
        return Phase::closed;
    }
    const auto data = peer.wantStream(header->length, "an option's data");
    if (!data)
    {
        return Phase::closed;
    }
    // Simple replies only: theirs is a length that we choose.
    const bool simple = header->option == Opt::exportName ||
                        header->option == Opt::go ||
                        header->option == Opt::info ||
                        header->option == Opt::abort;
    const Step step = simple
                          ? negotiator.on({header->option, *data})
                          : Step{.replies = {{header->option, Rep::errUnsup}}};
    Bytes out;
    for (const OptionReply& reply : step.replies)
    {
        append(out, encode(OptionReplyHeader{
                        reply.option, reply.type,
                        static_cast<uint32_t>(reply.data.size())}));
        append(out, ByteView(reply.data));
    }
    append(out, ByteView(step.raw));
    tell(peer, {header->option, step.next, std::move(out)});
    return step.next;
}

void ServerPlay::learnDepth(Peer& peer)
{
    most = peer.profile().inFlight;
    if (most == 0)
    {
        while (peer.nextFrame())
        {}
        most = peer.streamSize() / NbdRequest::wireSize;
        peer.want(most != 0 && peer.ending().ended == Ended::timeout,
                  peer.endingInWords(), "a client that reads");
        peer.goOn();
    }
    hearUntil(peer, most);
}

void ServerPlay::begin(Peer& peer)
{
    peer.sendData(Negotiator::greeting());
    haggle(peer);
    learnDepth(peer);
}

NbdRequest ServerPlay::takeOldest()
{
    const NbdRequest request = waiting.front();
    waiting.pop_front();
    return request;
}

NbdRequest ServerPlay::takeNewest()
{
    const NbdRequest request = waiting.back();
    waiting.pop_back();
    return request;
}

void ServerPlay::wantMore(Peer& peer)
{
    hearUntil(peer, most);
}

void ServerPlay::replyToAll(Peer& peer)
{
    Bytes replies;
    while (hasWaiting())
    {
        append(replies, ByteView(replyTo(takeOldest())));
    }
    peer.sendData(replies);
}

void ServerPlay::hearUntil(Peer& peer, size_t count)
{
    while (!peer.stopped() && waiting.size() < count)
    {
        hear(peer);
    }
}

void ServerPlay::hear(Peer& peer)
{
    if (const auto request = wantRequest(peer))
    {
        waiting.push_back(*request);
    }
}

/// What came before a fence.
void ServerPlay::hearAll(Peer& peer)
{
    peer.wantOpenStill();
    while (!peer.stopped() && peer.streamSize() >= NbdRequest::wireSize)
    {
        hear(peer);
    }
}

} // namespace conformance::ws
