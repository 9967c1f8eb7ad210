// SPDX-License-Identifier: Apache-2.0
#include "exchange.hpp"

#include "conformance/nbd/steps.hpp"
#include "conformance/nbd/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;

Exchange::Exchange(Peer& peer, Form form) : client(peer)
{
    if (form != Form::simple)
    {
        needOption(client, Opt::structuredReply);
        structured = true;
    }
    if (form == Form::statuses)
    {
        contextId = selectAllocation(client);
    }
    client.sendInfo(Opt::go, client.profile().exportName, {Info::blockSize});
    const auto entered = client.wantAnswer(Opt::go, {Rep::ack});
    if (!entered)
    {
        return;
    }
    if (const auto told = entered->exportInfo())
    {
        info = *told;
    }
    for (const OptionReply& part : entered->parts)
    {
        if (const auto sizes = decodeInfoBlockSize(part.data);
            part.type == Rep::info && sizes)
        {
            toldBlockSizes = true;
            minimumBlock = std::max(1U, sizes->minimum);
            maximum = sizes->maximum;
        }
    }
    needsSize(uint64_t{2} * block(), "two blocks");
}

Exchange::~Exchange()
{
    if (loans.empty())
    {
        return;
    }
    client.hangUp(); // its writes are answered, or will not be done
    Peer other = client.another();
    other.start();
    Exchange io(other);
    for (const Loan& loan : loans)
    {
        io.wantSuccess({Cmd::write, loan.offset,
                        static_cast<uint32_t>(loan.content.size())},
                       loan.content);
    }
    other.sendDisconnect();
    other.wantClosed();
}

void Exchange::needs(TransmissionFlag flag, std::string_view name)
{
    if (!has(flag))
    {
        client.conclude(
            notApplicable(fmt::format("NBD_FLAG_{} is not set", name)));
    }
}

void Exchange::needsUnset(TransmissionFlag flag, std::string_view name)
{
    if (has(flag))
    {
        client.conclude(notApplicable(fmt::format("NBD_FLAG_{} is set", name)));
    }
}

void Exchange::needsSize(uint64_t least, std::string_view text)
{
    if (info.size < least)
    {
        client.conclude(
            notApplicable(fmt::format("the export is smaller than {}", text)));
    }
}

void Exchange::needsMinimumOfOne()
{
    if (minimumBlock > 1)
    {
        client.conclude(notApplicable(
            fmt::format("the minimum block size is {} bytes", minimumBlock)));
    }
}

void Exchange::needsBlockSizes()
{
    if (!toldBlockSizes)
    {
        client.conclude(notApplicable("the target tells no block sizes"));
    }
}

Bytes Exchange::borrow(uint64_t offset, uint32_t length)
{
    needsUnset(readOnly, "READ_ONLY");
    Bytes content = read(offset, length);
    if (!client.stopped())
    {
        loans.push_back({offset, content});
    }
    return content;
}

Bytes Exchange::prepare(uint64_t cookie, const Ask& ask, ByteView payload)
{
    pending.emplace(cookie, Pending{ask});
    return requestBytes({ask.flags, ask.type, cookie, ask.offset, ask.length},
                        payload);
}

void Exchange::sendAs(uint64_t cookie, const Ask& ask, ByteView payload)
{
    client.send(prepare(cookie, ask, payload));
}

uint64_t Exchange::send(const Ask& ask, ByteView payload)
{
    const uint64_t cookie = client.random()();
    sendAs(cookie, ask, payload);
    return cookie;
}

void Exchange::sendTogether(std::span<const Ask> asks)
{
    Bytes all;
    for (const Ask& ask : asks)
    {
        append(all, prepare(client.random()(), ask));
    }
    client.send(all, fmt::format("{} requests at once", asks.size()));
}

std::optional<Reply> Exchange::answer(const Ask& ask, ByteView payload)
{
    send(ask, payload);
    return receive();
}

void Exchange::wantOutstanding()
{
    while (outstanding() > 0)
    {
        const auto reply = receive();
        if (!reply)
        {
            return; // the verdict tells why
        }
        client.want(reply->complete,
                    nameOf(reply->error) + " to " + describe(reply->ask),
                    "its data");
    }
}

Bytes Exchange::read(uint64_t offset, uint32_t length, uint16_t flags)
{
    const Ask ask{Cmd::read, offset, length, flags};
    auto reply = answer(ask);
    if (!reply)
    {
        return Bytes(length); // the verdict tells why
    }
    client.want(reply->succeeded(),
                nameOf(reply->error) + " to " + describe(ask), "its data");
    client.want(reply->complete || !reply->succeeded(),
                "chunks that do not make up " + describe(ask), "its data");
    reply->data.resize(length);
    return std::move(reply->data);
}

void Exchange::wantSuccess(const Ask& ask, ByteView payload)
{
    if (const auto reply = answer(ask, payload))
    {
        client.want(reply->succeeded(),
                    nameOf(reply->error) + " to " + describe(ask), "success");
    }
}

void Exchange::wantContent(uint64_t offset, ByteView wanted,
                           std::string_view what)
{
    const Bytes got = read(offset, static_cast<uint32_t>(wanted.size()));
    const auto [at, other] = std::ranges::mismatch(got, wanted);
    if (at != got.end())
    {
        client.want(
            false,
            fmt::format("{:#04x} at offset {}", std::to_integer<unsigned>(*at),
                        offset + static_cast<uint64_t>(at - got.begin())),
            fmt::format("{:#04x}: {}", std::to_integer<unsigned>(*other),
                        what));
    }
}

void Exchange::wantError(const Ask& ask,
                         std::initializer_list<ErrorValue> accepted,
                         ByteView payload)
{
    if (const auto reply = answer(ask, payload))
    {
        client.want(std::ranges::find(accepted, reply->error) != accepted.end(),
                    nameOf(reply->error) + " to " + describe(ask),
                    listed(accepted));
        wantInStep();
    }
}

Verdict Exchange::noteAnswer(const Ask& ask, ByteView payload)
{
    const auto reply = answer(ask, payload);
    if (reply)
    {
        wantInStep();
        client.conclude(noted(nameOf(reply->error)));
    }
    return verdict();
}

void Exchange::wantInStep()
{
    read(0, block());
}

} // namespace conformance::nbd
