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
            static_cast<std::byte>((at & ~7U) >> (56 - 8 * (at & 7))));
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
    }

    Bytes next(Peer& peer, size_t wanted) override
    {
        Bytes all;
        replied = 0;
        while (!peer.stopped() && all.size() < wanted)
        {
            const auto request = nextRequest(peer);
            if (!request)
            {
                break;
            }
            append(all, encode(SimpleReply{ErrorValue::none, request->cookie}));
            if (request->type == Cmd::read)
            {
                appendPattern(all, request->offset, request->length);
            }
            ++replied;
        }
        return all;
    }

    void wantAnswer(Peer& peer) override
    {
        // Those of before were taken off first, so what comes now is new.
        for (size_t i = 0; i < replied && !peer.stopped(); ++i)
        {
            if (const auto request = wantRequest(peer))
            {
                waiting.push_back(*request);
            }
        }
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
        const Step step = negotiator.on({header->option, *data});
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

    std::optional<NbdRequest> nextRequest(Peer& peer)
    {
        if (waiting.empty())
        {
            return wantRequest(peer);
        }
        const NbdRequest request = waiting.front();
        waiting.pop_front();
        return request;
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

    std::deque<NbdRequest>
        waiting;        ///< requests that came and have no reply yet
    size_t replied = 0; ///< requests that next() replied to
};

} // namespace

std::unique_ptr<Conversation> converseWithClient()
{
    return std::make_unique<ClientConversation>();
}

} // namespace conformance::ws
