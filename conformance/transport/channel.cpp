// SPDX-License-Identifier: Apache-2.0
#include "channel.hpp"

#include <fmt/format.h>

namespace conformance
{

namespace
{

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using State = TlsClient::State;

constexpr size_t chunk = 64 << 10;

milliseconds left(Clock::time_point until)
{
    return std::max(milliseconds(1),
                    std::chrono::ceil<milliseconds>(until - Clock::now()));
}

} // namespace

vmedia::Result<void> Channel::beginTls(const TlsWish& wish)
{
    auto made = TlsClient::make(wish);
    if (!made)
    {
        return tl::unexpected(made.error());
    }
    secured.emplace(std::move(*made));
    connection.tlsBegins();
    return {};
}

Ended Channel::flush(Deadline deadline)
{
    const vmedia::nbd::Bytes bytes = secured->outgoing();
    using Logged = Connection::Logged;
    return bytes.empty()
               ? Ended::no
               : connection.send(bytes, deadline,
                                 established ? Logged::no : Logged::yes);
}

Ended Channel::send(vmedia::nbd::ByteView bytes, Deadline deadline)
{
    if (!secured)
    {
        return connection.send(bytes, deadline);
    }
    if (secured->write(bytes) != State::done)
    {
        return Ended::closed; // after an alert or close_notify of the peer's
    }
    connection.logSent(bytes);
    return flush(deadline);
}

Ended Channel::exchange(vmedia::nbd::ByteView bytes,
                        vmedia::nbd::Bytes& arrived, Deadline deadline)
{
    vmedia::nbd::Bytes before = std::exchange(held, {});
    if (!secured)
    {
        const Ended ended = connection.exchange(before, arrived, deadline);
        return ended != Ended::no
                   ? ended
                   : connection.exchange(bytes, arrived, deadline);
    }
    if (secured->write(bytes) != State::done)
    {
        return Ended::closed; // after an alert or close_notify of the peer's
    }
    connection.logSent(bytes);
    vmedia::nbd::append(before, vmedia::nbd::ByteView(secured->outgoing()));
    vmedia::nbd::Bytes records;
    const Ended ended = connection.exchange(before, records, deadline,
                                            Connection::Logged::no);
    secured->incoming(records);
    return ended;
}

void Channel::sendUnread(vmedia::nbd::ByteView bytes, Deadline patience)
{
    vmedia::nbd::Bytes records;
    if (secured)
    {
        if (secured->write(bytes) != State::done)
        {
            return;
        }
        connection.logSent(bytes);
        records = secured->outgoing();
        bytes = records;
    }
    bytes = bytes.subspan(connection.sendUntilStuck(bytes, patience));
    held.assign(bytes.begin(), bytes.end());
}

TlsHandshake Channel::shakeHands(Deadline deadline)
{
    connection.logEvent(WireKind::tls, "the handshake begins");
    TlsHandshake handshake = exchangeHands(deadline);
    established = handshake.done;
    connection.logEvent(WireKind::tls,
                        established
                            ? fmt::format("established, {}, {}", handshake.how,
                                          secured->cipher())
                            : "not established: " + handshake.how);
    return handshake;
}

TlsHandshake Channel::exchangeHands(Deadline deadline)
{
    const auto until = Clock::now() + deadline;
    for (;;)
    {
        const State state = secured->shakeHands();
        const Ended sent = flush(left(until)); // also the alert of a failure
        if (state == State::done)
        {
            return {true, Ended::no, secured->version()};
        }
        if (state == State::ended)
        {
            return {false, Ended::closed, secured->how()};
        }
        if (state == State::garbled)
        {
            // Before anything has come it is we who cannot be such a client.
            return {false,
                    secured->firstByte() < 0 ? Ended::no : Ended::garbled,
                    secured->how()};
        }
        const Received some = connection.receiveSome(chunk, left(until));
        if (some.bytes.empty())
        {
            return {false, some.ended == Ended::no ? sent : some.ended,
                    some.ended == Ended::timeout ? "nothing more came"
                                                 : "a closed connection"};
        }
        secured->incoming(some.bytes);
    }
}

Received Channel::receive(size_t size, Deadline deadline)
{
    if (!secured)
    {
        return connection.receive(size, deadline);
    }
    auto until = Clock::now() + deadline;
    const auto last = Clock::now() + 10 * deadline; // as in clear
    Received received;
    received.bytes.resize(size);
    std::span<std::byte> rest(received.bytes);
    while (!rest.empty() && received.ended == Ended::no)
    {
        const std::span<std::byte> before = rest;
        const State state = secured->read(rest);
        connection.logReceived(before.first(before.size() - rest.size()));
        switch (state)
        {
            case State::done:
                break;
            case State::ended:
                received.ended = Ended::closed;
                received.how = secured->how();
                break;
            case State::garbled:
                received.ended = Ended::garbled;
                received.how = secured->how();
                break;
            case State::wantsMore:
            {
                flush(left(until)); // such as the answer to a KeyUpdate
                const Received some = connection.receiveSome(
                    chunk, left(until), Connection::Logged::no);
                if (some.bytes.empty())
                {
                    received.ended = some.ended;
                    received.how = "TCP closed without close_notify";
                }
                until = std::min(last, Clock::now() + deadline);
                secured->incoming(some.bytes);
                break;
            }
        }
    }
    if (!received.how.empty() && received.ended != Ended::timeout)
    {
        connection.logEvent(WireKind::tls, received.how);
    }
    received.bytes.resize(size - rest.size());
    return received;
}

} // namespace conformance
