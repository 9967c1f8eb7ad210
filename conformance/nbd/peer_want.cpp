// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/text.hpp"
#include "peer.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

/// More replies than any server has exports: it would never end.
constexpr size_t partsMax = 100'000;
/// More than a server has reason to put into one reply.
constexpr uint32_t replyMax = 1 << 20;

} // namespace

std::string Peer::ending(std::string_view what, const Received& received) const
{
    const std::string_view how = received.ended == Ended::closed
                                     ? "the server closed the connection"
                                 : received.ended == Ended::garbled
                                     ? "what came is no TLS"
                                     : "nothing more came";
    const std::string waited =
        received.ended == Ended::timeout
            ? fmt::format(" within {} ms", deadline.count())
        : received.how.empty() ? ""
                               : fmt::format(" ({})", received.how);
    return received.bytes.empty()
               ? fmt::format("{}{} instead of {}", how, waited, what)
               : fmt::format("{}{} after {} of {}", how, waited,
                             dump(received.bytes), what);
}

std::optional<Bytes> Peer::wantBytes(size_t size, std::string_view what)
{
    if (stopped() || !connection || closed)
    {
        return std::nullopt;
    }
    Received received = connection->receive(size, deadline);
    if (received.ended == Ended::no)
    {
        return std::move(received.bytes);
    }
    closed = received.ended == Ended::closed;
    if (!closed || !closeAllowed || !received.bytes.empty())
    {
        conclude(failed(ending(what, received)));
    }
    return std::nullopt;
}

std::optional<OptionReply> Peer::wantOneReply(Opt option)
{
    const std::string what = "a reply to " + nameOf(option);
    const auto bytes = wantBytes(OptionReplyHeader::wireSize, what);
    if (!bytes)
    {
        return std::nullopt;
    }
    const auto header = decodeOptionReplyHeader(
        std::span(*bytes).first<OptionReplyHeader::wireSize>());
    if (!header)
    {
        conclude(failed("no reply magic but " + dump(*bytes), what));
        return std::nullopt;
    }
    OptionReply reply{header->option, header->type};
    if (header->length > replyMax)
    {
        conclude(failed(
            fmt::format("a reply that announces {} bytes", header->length),
            what));
        return std::nullopt;
    }
    auto data = wantBytes(header->length, "the data of " + what);
    if (!data)
    {
        return std::nullopt;
    }
    reply.data = std::move(*data);
    // "the option as sent by the client to which this is a reply"
    want(reply.option == option, describe(reply), what);
    return reply;
}

std::optional<Answer> Peer::wantAnswer(Opt option)
{
    Answer answer;
    while (answer.parts.size() < partsMax)
    {
        auto reply = wantOneReply(option);
        if (!reply || stopped())
        {
            return std::nullopt;
        }
        if (reply->type == Rep::ack || isError(reply->type))
        {
            answer.last = std::move(*reply);
            return answer;
        }
        answer.parts.push_back(std::move(*reply));
    }
    conclude(failed(fmt::format("{} replies without a last one", partsMax)));
    return std::nullopt;
}

std::optional<Answer> Peer::wantAnswer(Opt option,
                                       std::initializer_list<Rep> accepted)
{
    auto answer = wantAnswer(option);
    if (answer &&
        std::ranges::find(accepted, answer->last.type) == accepted.end())
    {
        conclude(failed(describe(answer->last), listed(accepted)));
        return std::nullopt;
    }
    return answer;
}

Verdict Peer::wantReply(Opt option, Rep accepted)
{
    wantAnswer(option, {accepted});
    return result;
}

Verdict Peer::wantRefusal(Opt option, std::initializer_list<Rep> accepted)
{
    closeAllowed = true;
    const auto answer = wantAnswer(option);
    if (answer &&
        std::ranges::find(accepted, answer->last.type) == accepted.end())
    {
        conclude(failed(describe(answer->last),
                        listed(accepted) + ", or a closed connection"));
    }
    if (answer && !closed)
    {
        // A server may refuse first and hang up then. One that accepted saw
        // no violation, so it has no reason to.
        closeAllowed = !answer->acknowledged();
        wantUsable();
    }
    closeAllowed = false;
    return result;
}

Verdict Peer::wantClosed()
{
    if (stopped() || !connection || closed)
    {
        return result;
    }
    const Received received = connection->receive(1, deadline);
    closed = received.ended == Ended::closed;
    if (closed)
    {
        return result;
    }
    if (received.ended == Ended::garbled)
    {
        conclude(failed(ending("a closed connection", received)));
        return result;
    }
    if (received.ended == Ended::timeout)
    {
        conclude(failed(fmt::format("the connection was still open after "
                                    "{} ms",
                                    deadline.count()),
                        "a closed connection"));
        return result;
    }
    // One byte more than we want to see: fetch what lies behind it as well.
    Received rest = connection->receive(OptionReplyHeader::wireSize - 1,
                                        std::chrono::milliseconds(50));
    rest.bytes.insert(rest.bytes.begin(), received.bytes.front());
    conclude(failed("an answer of " + dump(rest.bytes),
                    "a closed connection and no byte before"));
    return result;
}

std::optional<ErrorValue> Peer::wantSimpleReply(uint64_t cookie)
{
    const auto bytes = wantBytes(SimpleReply::wireSize, "a simple reply");
    if (!bytes)
    {
        return std::nullopt;
    }
    const auto reply =
        decodeSimpleReply(std::span(*bytes).first<SimpleReply::wireSize>());
    if (!reply)
    {
        conclude(failed(dump(*bytes), "a simple reply"));
        return std::nullopt;
    }
    want(reply->cookie == cookie, fmt::format("cookie {:#x}", reply->cookie),
         fmt::format("cookie {:#x}", cookie));
    return reply->error;
}

Verdict Peer::wantRead(uint32_t size, uint64_t offset)
{
    const auto error = wantSimpleReply(sendRequest(Cmd::read, offset, size));
    if (error)
    {
        want(*error == ErrorValue::none, nameOf(*error),
             fmt::format("{} bytes from {}", size, offset));
        wantBytes(size, "the data of NBD_CMD_READ");
    }
    return result;
}

Verdict Peer::wantUsable()
{
    if (stopped()) // for a reason of its own
    {
        return result;
    }
    sendOption(unknownOption);
    const auto answer = wantAnswer(unknownOption);
    const bool tlsFirst = covers(target.offers, Needs::tlsRequired) &&
                          connection && connection->tls() == nullptr;
    const Rep refusal = tlsFirst ? Rep::errTlsReqd : Rep::errUnsup;
    if (answer)
    {
        want(answer->last.type == refusal && answer->parts.empty(),
             describe(answer->last) + ", so the stream is out of step",
             nameOf(refusal) + " to the unknown option that comes next");
    }
    else if (result.outcome == Outcome::fail && result.wanted.empty())
    {
        result.wanted = "an answer to the option that comes next";
    }
    return result;
}

} // namespace conformance::nbd
