// SPDX-License-Identifier: Apache-2.0
#include "conversation.hpp"
#include "vmedia/nbd/negotiator.hpp"

#include <fmt/format.h>

#include <deque>

namespace conformance::ws
{

using namespace vmedia::nbd;
using NbdRequest = vmedia::nbd::Request; // not that of HTTP

namespace
{

constexpr uint64_t exportSize = 64U << 20;
/// More options than any client has.
constexpr int optionsMax = 64;
constexpr uint32_t optionDataMax = 64U << 10;
constexpr uint32_t readMax = 32U << 20;

/// What is at each offset: the offset, 64 bits of it (as nbdkit's pattern
/// plugin has it), so that a client can tell a byte in the wrong place.
void appendPattern(Bytes& out, uint64_t offset, uint32_t length)
{
    for (uint64_t at = offset; at < offset + length; ++at)
    {
        out.push_back(
            static_cast<std::byte>((at & ~uint64_t{7}) >> (56 - 8 * (at & 7))));
    }
}

/// The target is an NBD client that reads on and on: each reply that came
/// through is followed by another request.
class ClientConversation final : public Conversation
{
  public:
    void begin(Peer& peer) override
    {
        const ExportInfo exports[] = {{.name = {},
                                       .size = exportSize,
                                       .flags = hasFlags | readOnly,
                                       .byDefault = true}};
        Negotiator negotiator(exports);
        peer.sendData(Negotiator::greeting());
        const auto flags = peer.wantStream(sizeof(uint32_t), "client flags");
        Phase phase = flags ? negotiator.onClientFlags(Reader(*flags).u32())
                            : Phase::closed;
        for (int i = 0; phase == Phase::options && i < optionsMax; ++i)
        {
            phase = haggle(peer, negotiator);
        }
        peer.want(phase == Phase::transmission,
                  "a client that does not choose the export",
                  "NBD_OPT_GO or NBD_OPT_EXPORT_NAME");
        depth = peer.profile().inFlight;
        if (depth == 0)
        {
            learnDepth(peer);
        }
        wantAnswer(peer);
    }

    size_t requests() const
    {
        return depth;
    }

    Bytes next(Peer& peer, size_t wanted) override
    {
        Bytes all;
        while (!peer.stopped() && all.size() < wanted)
        {
            if (waiting.empty())
            {
                peer.conclude(notApplicable(fmt::format(
                    "the client has no more than {} requests in flight, and "
                    "their replies are no longer than {} bytes",
                    depth, given + all.size())));
                break;
            }
            append(all, replyTo(waiting.front()));
            waiting.pop_front();
        }
        given += all.size();
        return all;
    }

    /// A request is all that a client ever sends.
    Bytes ask(Peer& peer, size_t /*amount*/) override
    {
        return next(peer, 1);
    }

    void wantAnswer(Peer& peer) override
    {
        while (!peer.stopped() && waiting.size() < depth)
        {
            hear(peer);
        }
        given = 0;
    }

  private:
    /// One option and its replies.
    static Phase haggle(Peer& peer, Negotiator& negotiator)
    {
        const auto head = peer.wantStream(OptionHeader::wireSize, "an option");
        if (!head)
        {
            return Phase::closed;
        }
        const auto header = decodeOptionHeader(
            std::span(*head).first<OptionHeader::wireSize>());
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
        const Step step =
            simple ? negotiator.on({header->option, *data})
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
        peer.sendData(out);
        return step.next;
    }

    static Bytes replyTo(const NbdRequest& request)
    {
        Bytes reply;
        append(reply, encode(SimpleReply{ErrorValue::none, request.cookie}));
        if (request.type == Cmd::read)
        {
            appendPattern(reply, request.offset, request.length);
        }
        return reply;
    }

    /// All that comes while nothing has a reply. Only silence ends it: a PONG
    /// would tell of the WebSocket, and not of the client behind it.
    void learnDepth(Peer& peer)
    {
        while (peer.nextFrame())
        {}
        depth = peer.streamSize() / NbdRequest::wireSize;
        peer.want(depth != 0 && peer.ending().ended == Ended::timeout,
                  peer.endingInWords(), "a client that reads");
        peer.goOn();
    }

    void hear(Peer& peer)
    {
        if (const auto request = wantRequest(peer))
        {
            waiting.push_back(*request);
        }
    }

    static std::optional<NbdRequest> wantRequest(Peer& peer)
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

    std::deque<NbdRequest> waiting; ///< have no reply yet
    size_t depth = 0;               ///< so many the client keeps waiting
    size_t given = 0;               ///< bytes of replies without an answer
};

} // namespace

size_t requestsInFlight(Peer& peer)
{
    ClientConversation talk;
    talk.begin(peer);
    return peer.stopped() ? 0 : talk.requests();
}

std::unique_ptr<Conversation> converseWithClient()
{
    return std::make_unique<ClientConversation>();
}

} // namespace conformance::ws
